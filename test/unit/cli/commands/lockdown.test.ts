import { Readable } from 'node:stream';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createMemoryAuditLog } from '../../../../adapters/memory/audit-log.ts';
import { createMemoryHoldStore } from '../../../../adapters/memory/hold-store.ts';
import { createMemoryLockdownStore } from '../../../../adapters/memory/lockdown-store.ts';
import { addPanicCommand } from '../../../../cli/commands/panic.ts';
import { addUnlockCommand } from '../../../../cli/commands/unlock.ts';
import { TalosError } from '../../../../domain/errors.ts';
import type { OwnerPorts } from '../../../../domain/ports.ts';
import { createHome, replyJson, serveApi } from './harness.ts';

let home: Awaited<ReturnType<typeof createHome>>;

beforeEach(async () => {
  home = await createHome();
});

afterEach(() => home.remove());

/** The owner's ports over twins; the runtime writes down what it was asked, or is down. */
function createOwner({ isTemporalDown = false } = {}) {
  const calls: string[] = [];
  const ask = async <Value>(call: string, value: Value): Promise<Value> => {
    if (isTemporalDown) throw new TalosError('RUNTIME_UNAVAILABLE', 'Temporal cannot be reached.');
    calls.push(call);
    return value;
  };
  const audit = createMemoryAuditLog();
  const ports = {
    lockdown: createMemoryLockdownStore(),
    holds: createMemoryHoldStore(),
    audit,
    runtime: {
      ping: () => ask('ping', undefined),
      startMessage: () => ask('startMessage', undefined),
      stopMessage: () => ask('stopMessage', true),
      decideCloud: async () => false,
      decideCall: () => ask('decideCall', true),
      messageRun: () => ask('messageRun', 'running' as const),
      cancelMessages: () => ask('cancelMessages', 2),
      startLockdown: () => ask('startLockdown', undefined),
      endLockdown: () => ask('endLockdown', undefined),
    },
    close: async () => void calls.push('close'),
  } satisfies OwnerPorts;
  return { ports, audit, calls };
}

const types = (owner: ReturnType<typeof createOwner>) => owner.audit.events().map(({ type }) => type);

describe('talos panic', () => {
  it('tells a running Talos', async () => {
    const api = await serveApi(home.socket, (_request, response) => replyJson(response, 200, { locked: true }));
    const result = await home.run(addPanicCommand, ['panic', '--reason', 'it mails strangers']);
    await api.close();
    expect(result).toMatchObject({ code: 0, stdout: 'Talos is locked down. To lift it: talos unlock\n' });
    expect(api.seen).toMatchObject([{ method: 'POST', path: '/panic', body: '{"reason":"it mails strangers"}' }]);
  });

  it('tells a running Talos although the configuration was mistyped since', async () => {
    const api = await serveApi(home.socket, (_request, response) => replyJson(response, 200, { locked: true }));
    const result = await home.run(addPanicCommand, ['panic'], { file: { WEB_PORT: 'x' } });
    await api.close();
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(api.seen).toMatchObject([{ method: 'POST', path: '/panic' }]);
  });

  it('locks, records and cancels by itself when the API is down', async () => {
    const owner = createOwner();
    const { code } = await home.run(addPanicCommand, ['panic', '--reason', 'odd'], { ownerPorts: owner.ports });
    expect(code).toBe(0);
    expect(await owner.ports.lockdown.state()).toMatchObject({ locked: true, reason: 'odd', by: 'owner' });
    expect(types(owner)).toEqual(['lockdown-set']);
    expect(owner.calls).toEqual(['startLockdown', 'cancelMessages', 'close']);
  });

  it('locks by itself with a mistyped configuration, and asks no engine that may be of somebody else', async () => {
    const owner = createOwner();
    const options = { ownerPorts: owner.ports, file: { WEB_PORT: 'x' } };
    const { code, stderr } = await home.run(addPanicCommand, ['panic'], options);
    expect({ code, state: await owner.ports.lockdown.state() }).toMatchObject({ code: 0, state: { locked: true } });
    expect(types(owner)).toEqual(['lockdown-set']);
    expect(owner.calls).toEqual(['close']);
    expect(stderr).toContain('Running messages were not cancelled: WEB_PORT must be');
  });

  it('locks by itself when the API answers with an error', async () => {
    const owner = createOwner();
    const api = await serveApi(home.socket, (_request, response) => replyJson(response, 500, {}));
    const { code } = await home.run(addPanicCommand, ['panic'], { ownerPorts: owner.ports });
    await api.close();
    expect({ code, state: await owner.ports.lockdown.state() }).toMatchObject({ code: 0, state: { locked: true } });
  });

  it('takes hold with Temporal down, and says what was not done', async () => {
    const owner = createOwner({ isTemporalDown: true });
    const { code, stderr } = await home.run(addPanicCommand, ['panic'], { ownerPorts: owner.ports });
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: 'Running messages were not cancelled: Temporal cannot be reached.\n',
    });
    expect(types(owner)).toEqual(['lockdown-set']);
  });

  it('stops what runs where it cannot take hold, and leaves nothing that nobody lifts', async () => {
    const owner = createOwner();
    const lock = () => Promise.reject(new TalosError('STORE_UNAVAILABLE', 'The lockdown cannot be written.'));
    const ownerPorts = { ...owner.ports, lockdown: { ...owner.ports.lockdown, lock } };
    expect(await home.run(addPanicCommand, ['panic'], { ownerPorts })).toMatchObject({ code: 69, stdout: '' });
    expect(owner.calls).toEqual(['cancelMessages', 'close']);
  });

  it('takes hold with a full disk, says so, and ends with the code for that', async () => {
    const owner = createOwner();
    owner.audit.refuse(true);
    const { code, stderr } = await home.run(addPanicCommand, ['panic'], { ownerPorts: owner.ports });
    expect({ code, state: await owner.ports.lockdown.state() }).toMatchObject({ code: 74, state: { locked: true } });
    expect(owner.calls).toContain('cancelMessages');
    expect(stderr).toContain('Talos is locked down, but that is not on record.');
  });
});

describe('talos unlock', () => {
  const unlock = (owner: ReturnType<typeof createOwner>, words: string[], answer?: string) => {
    const input = Object.assign(Readable.from([`${answer ?? ''}\n`]), { isTTY: answer !== undefined });
    return home.run(addUnlockCommand, ['unlock', ...words], { ownerPorts: owner.ports, input });
  };

  async function lockedOwner(options: { isTemporalDown?: boolean } = {}) {
    const owner = createOwner(options);
    await owner.ports.lockdown.lock({ reason: 'odd', by: 'owner', at: 0 });
    return owner;
  }

  it.each([
    [['--yes'], 'n'],
    [['--yes'], undefined],
    [[], 'y'],
  ])('with %j and the answer %j lifts the lockdown and records it', async (words, answer) => {
    const owner = await lockedOwner();
    expect(await unlock(owner, words, answer)).toMatchObject({ code: 0, stdout: 'The lockdown is lifted.\n' });
    expect(await owner.ports.lockdown.state()).toEqual({ locked: false });
    expect(types(owner)).toEqual(['lockdown-lifted']);
    expect(owner.calls).toEqual(['endLockdown', 'close']);
  });

  it('changes nothing where nobody can be asked', async () => {
    const owner = await lockedOwner();
    expect(await unlock(owner, [])).toMatchObject({ code: 64, stderr: expect.stringContaining('--yes') });
    expect(await owner.ports.lockdown.state()).toMatchObject({ locked: true });
  });

  it.each(['n', ''])('changes nothing when a person answers %j', async (answer) => {
    const owner = await lockedOwner();
    expect(await unlock(owner, [], answer)).toMatchObject({ code: 0, stdout: 'Nothing was changed.\n' });
    expect(await owner.ports.lockdown.state()).toMatchObject({ locked: true });
    expect(types(owner)).toEqual([]);
  });

  it('changes nothing when a person ends the input instead of answering', async () => {
    const owner = await lockedOwner();
    const input = Object.assign(Readable.from([]), { isTTY: true });
    const { code, stdout } = await home.run(addUnlockCommand, ['unlock'], { ownerPorts: owner.ports, input });
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'Nothing was changed.\n' });
    expect(await owner.ports.lockdown.state()).toMatchObject({ locked: true });
  });

  it('does not lift what cannot be recorded', async () => {
    const owner = await lockedOwner();
    owner.audit.refuse(true);
    expect(await unlock(owner, ['--yes'])).toMatchObject({ code: 74 });
    expect(await owner.ports.lockdown.state()).toMatchObject({ locked: true });
  });

  it('works with Temporal down', async () => {
    const owner = await lockedOwner({ isTemporalDown: true });
    expect(await unlock(owner, ['--yes'])).toMatchObject({ code: 0 });
    expect(await owner.ports.lockdown.state()).toEqual({ locked: false });
  });

  it('has nothing to do when nothing is locked', async () => {
    const owner = createOwner();
    expect(await unlock(owner, [])).toMatchObject({ code: 0, stdout: 'Talos is not locked down.\n' });
    expect(types(owner)).toEqual([]);
  });

  it('lifts the hold of one conversation and leaves a lockdown alone', async () => {
    const owner = await lockedOwner();
    for (const at of [1, 2, 3])
      await owner.ports.holds.recordCriticalHit({ conversation: 'kitchen', key: `k${at}` }, at);
    expect(await owner.ports.holds.heldUntil('kitchen')).toBeDefined();
    expect(await unlock(owner, ['--conversation', 'kitchen'])).toMatchObject({ code: 0 });
    expect(await owner.ports.holds.heldUntil('kitchen')).toBeUndefined();
    expect(owner.audit.events()).toMatchObject([{ type: 'hold-lifted', subject: 'kitchen' }]);
    expect(await owner.ports.lockdown.state()).toMatchObject({ locked: true });
  });

  it('refuses a conversation that cannot be one', async () => {
    expect(await unlock(createOwner(), ['--conversation', '../x'])).toMatchObject({ code: 64 });
  });
});
