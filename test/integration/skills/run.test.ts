import { Client } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { afterEach, describe, expect, inject, it } from 'vitest';

import type { SandboxReport } from '../../../domain/sandbox/run.ts';
import { TalosError } from '../../../domain/errors.ts';
import { SkillRunRecord } from '../../../domain/skills/run.ts';
import { skillLifeWorkflowId, skillRunWorkflowId } from '../../../workflows/messages.ts';
import { createSkillTwins, type RunScript } from '../../support/skill-twins.ts';
import { startTalos } from '../../support/talos.ts';
import { skillDriver } from './support.ts';

type Talos = Awaited<ReturnType<typeof startTalos>>;

describe('a run of a skill', () => {
  let talos: Talos;
  async function active(
    options: Parameters<typeof startTalos>[1] = {},
    roles: ('core' | 'gpu' | 'sandbox')[] = ['core', 'gpu', 'sandbox'],
  ) {
    talos = await startTalos(inject('stack'), options);
    const stops = await Promise.all(roles.map(async (role) => [role, await talos.serve(role)] as const));
    const skill = skillDriver(talos);
    const { hash } = await skill.activate();
    return {
      skill,
      hash,
      stop: Object.fromEntries(stops),
      follow: (script: RunScript) => talos.skills.sandbox.follow(script),
    };
  }
  afterEach(() => talos.close());

  it('takes its input from the store, and keeps output, verdict, resources and log there', async () => {
    const { skill, hash } = await active();
    expect(await skill.ended(await skill.run(21))).toMatchObject({
      state: 'ok',
      input: 21,
      output: 42,
      result: { hash, verdict: 'ok', resources: { wallMs: 1 }, log: 'a line', driver: 'bubblewrap' },
    });
    expect(talos.skills.sandbox.requests().at(-1)?.until).toBe('first');
  });

  it('is one run however often it is started with the same key', async () => {
    const { skill } = await active();
    const refs = await Promise.all(Array.from({ length: 4 }, () => skill.run(21, { key: 'once' })));
    for (const ref of refs) expect(await skill.ended(ref)).toMatchObject({ state: 'ok', output: 42 });
    await skill.run(21, { key: 'once' });
    expect(await talos.skillRuntime.runState({ skill: skill.id, key: 'once' })).toBe('ended');
    expect(await talos.skillRuntime.runState({ skill: skill.id, key: 'never' })).toBe('unknown');
    expect(talos.skills.sandbox.requests()).toHaveLength(4);
    expect(await talos.skills.skillRuns.list(skill.id, { limit: 9, offset: 0, failedOnly: false })).toHaveLength(4);
  });

  it.each<[string, Partial<SandboxReport>, string]>([
    ['an exception', { verdict: 'exception', reason: 'it threw' }, 'exception'],
    ['a violation', { verdict: 'network-denied' }, 'network-denied'],
    ['output that fits no schema', { verdict: 'ok', output: 'text' }, 'invalid-output'],
    ['no output at all', { verdict: 'ok' }, 'invalid-output'],
  ])('with %s fails without another try and is a strike', async (_what, report, verdict) => {
    const { skill, follow } = await active();
    follow(async () => report);
    const record = await skill.ended(await skill.run());
    expect(record).toMatchObject({
      state: 'failed',
      result: { verdict, blame: 'skill', error: { code: 'SKILL_FAILED' } },
    });
    expect(record?.output).toBeUndefined();
    await expect.poll(async () => (await skill.life()).active?.strikes).toMatchObject([{ verdict }]);
    expect(talos.skills.sandbox.requests()).toHaveLength(4);
    const audited = talos.ports.audited.events().slice(-2);
    expect(audited).toMatchObject([
      { type: 'skill-run', details: { verdict, blame: 'skill' } },
      { type: 'skill-strike', subject: skill.id, details: { strikes: 1 } },
    ]);
  });

  it.each([
    ['person', 'input'],
    ['model', 'model'],
  ] as const)('on input of a %s that fits no schema never starts and is no strike', async (inputBy, blame) => {
    const { skill } = await active();
    const record = await skill.ended(await skill.run('text', { inputBy }));
    expect(record).toMatchObject({ state: 'failed', result: { blame, error: { code: 'VALIDATION_FAILED' } } });
    expect((await skill.life()).active?.strikes).toEqual([]);
    expect(talos.skills.sandbox.requests()).toHaveLength(3);
  });

  it('is tried again when the sandbox broke, and ends well', async () => {
    const { skill, follow } = await active();
    let runs = 0;
    follow(async () => {
      runs += 1;
      return runs === 1 ? { verdict: 'infrastructure' } : undefined;
    });
    expect(await skill.ended(await skill.run())).toMatchObject({ state: 'ok', output: 42 });
    expect((await skill.life()).active?.strikes).toEqual([]);
  });

  it('fails without a strike when the sandbox stays broken, and can be repeated under another key', async () => {
    const { skill, follow } = await active();
    follow(async () => ({ verdict: 'infrastructure' }));
    const failed = await skill.run();
    expect(await skill.ended(failed)).toMatchObject({
      state: 'failed',
      result: { blame: 'environment', error: { code: 'SANDBOX_FAILED' } },
    });
    expect((await skill.life()).active?.strikes).toEqual([]);
    follow(async () => undefined);
    const { input = null, inputHash = '' } = (await talos.skills.skillRuns.run(failed)) ?? {};
    const again = { skill: skill.id, key: 'again' };
    const facts = { inputHash, inputBy: 'person', createdAt: 1, retryOf: failed.key } as const;
    await talos.skills.skillRuns.accept({ ...again, input, ...facts });
    await talos.skillRuntime.startRun({ ...again, priority: 1, summary: 'again' });
    expect(await skill.ended(again)).toMatchObject({ state: 'ok', output: 42, retryOf: failed.key });
  });

  it('fails as well where the sandbox has very much to say about it', async () => {
    const { skill, follow } = await active();
    follow(() => Promise.reject(new TalosError('SANDBOX_UNAVAILABLE', `It is broken: ${'x'.repeat(5000)}`)));
    const run = await skill.ended(await skill.run());
    expect(run).toMatchObject({ state: 'failed', result: { error: { code: 'SANDBOX_UNAVAILABLE' } } });
    expect(SkillRunRecord.safeParse(run).error).toBeUndefined(); // or a store would not take it
  });

  it('refuses code that was changed on disk, without a strike', async () => {
    const { skill, hash } = await active();
    talos.skills.skills.tamper(hash);
    expect(await skill.ended(await skill.run())).toMatchObject({
      state: 'failed',
      result: { error: { code: 'SKILL_CHANGED' } },
    });
    expect((await skill.life()).active?.strikes).toEqual([]);
  });

  it.each<[string, () => Promise<undefined>]>([
    ['is gone', async () => undefined],
    ['does not hold', () => Promise.reject(new TalosError('SKILL_CHANGED', 'The certificate does not hold.'))],
  ])('refuses a version whose certificate %s, without a strike', async (_what, certificate) => {
    const twins = createSkillTwins();
    const { skill } = await active({ skills: { ...twins, skills: { ...twins.skills, certificate } } });
    const before = twins.sandbox.requests().length;
    expect(await skill.ended(await skill.run())).toMatchObject({
      state: 'failed',
      result: { blame: 'environment', error: { code: 'SKILL_CHANGED' } },
    });
    expect(twins.sandbox.requests()).toHaveLength(before);
    expect((await skill.life()).active?.strikes).toEqual([]);
  });

  it('can be stopped: its sandbox ends, and it is no strike', async () => {
    const { skill, follow } = await active();
    const { script, begun, aborted } = endless();
    follow(script);
    const ref = await skill.run();
    await begun;
    expect(await talos.skillRuntime.cancelRun(ref)).toBe(true);
    await aborted;
    expect(await skill.ended(ref)).toMatchObject({ state: 'cancelled' });
    expect(await talos.skillRuntime.cancelRun(ref)).toBe(false);
    expect((await skill.life()).active?.strikes).toEqual([]);
  });

  it('is stopped by a lockdown, and none starts until it is lifted', async () => {
    const { skill, follow } = await active();
    const { script, begun, aborted } = endless();
    follow(script);
    const ref = await skill.run();
    await begun;
    await talos.ports.lockdown.lock({ reason: 'test', by: 'owner', at: 1 });
    await talos.ports.runtime.cancelMessages();
    await aborted;
    expect(await skill.ended(ref)).toMatchObject({ state: 'cancelled' });
    expect(await skill.ended(await skill.run())).toMatchObject({
      state: 'cancelled',
      result: { error: { code: 'LOCKDOWN' } },
    });
    await talos.ports.lockdown.unlock();
    follow(async () => undefined);
    expect(await skill.ended(await skill.run())).toMatchObject({ state: 'ok' });
  });

  it('is cancelled by the fan-out of a lockdown alone', async () => {
    const { skill, follow } = await active();
    const { script, begun, aborted } = endless();
    follow(script);
    const ref = await skill.run();
    await begun;
    await expect.poll(() => talos.ports.runtime.cancelMessages(), { timeout: 10_000 }).toBeGreaterThan(0);
    await aborted;
    expect(await skill.ended(ref)).toMatchObject({ state: 'cancelled' });
  });

  it('without a worker that has a sandbox is refused after the configured wait', async () => {
    const { skill, stop } = await active({ life: { queueWaitSeconds: 2 } });
    await stop['sandbox']?.();
    expect(await skill.ended(await skill.run())).toMatchObject({
      state: 'failed',
      result: { blame: 'environment', error: { code: 'SANDBOX_UNAVAILABLE' } },
    });
  });

  it('is taken over by the next worker when its own stops', async () => {
    const { skill, stop, follow } = await active();
    const { script, begun } = endless();
    follow(script);
    const ref = await skill.run();
    await begun;
    await Promise.all([stop['sandbox']?.(), stop['core']?.()]);
    follow(async () => undefined);
    await Promise.all([talos.serve('sandbox'), talos.serve('core')]);
    expect(await skill.ended(ref)).toMatchObject({ state: 'ok', output: 42 });
    expect((await skill.life()).active?.strikes).toEqual([]);
  });

  it('leaves no input, output, log, reason or code in any history', async () => {
    const skills = createSkillTwins();
    const { skill, follow } = await active({ skills });
    follow(async () => ({ verdict: 'exception', reason: 'needle-reason', log: 'needle-log' }));
    const ref = await skill.run('needle-input');
    await skill.ended(ref);
    follow(async () => ({ verdict: 'exception', reason: 'needle-reason', log: 'needle-log' }));
    const second = await skill.run(7);
    await skill.ended(second);
    await skill.submit({ code: 'needle-code' });
    const client = new Client({ connection: talos.connection, namespace: 'talos' });
    const ids = [skillLifeWorkflowId(skill.id), skillRunWorkflowId(ref), skillRunWorkflowId(second)];
    for (const id of ids) {
      const json = historyToJSON(await client.workflow.getHandle(id).fetchHistory());
      const decoded = json.replace(/"data":\s*"([^"]*)"/g, (_all, data: string) =>
        Buffer.from(data, 'base64').toString(),
      );
      expect(decoded).not.toContain('needle');
    }
  });
});

/** A run that goes on until it is stopped. */
function endless() {
  const begun = Promise.withResolvers<void>();
  const aborted = Promise.withResolvers<void>();
  const script: RunScript = (_request, signal) =>
    new Promise((_resolve, reject) => {
      begun.resolve();
      signal.addEventListener('abort', () => {
        aborted.resolve();
        reject(new Error('killed'));
      });
    });
  return { script, begun: begun.promise, aborted: aborted.promise };
}
