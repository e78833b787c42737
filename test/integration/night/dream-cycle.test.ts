import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { afterEach, describe, expect, inject, it } from 'vitest';

import { TalosError } from '../../../domain/errors.ts';
import { askedNightId } from '../../../domain/night/night-id.ts';
import { phaseNames } from '../../../domain/night/phases.ts';
import { hangForGood, hangUntilTold, type Nights, startNights, statesOf } from './support.ts';

const all = (state: string) => Object.fromEntries(phaseNames.map((phase) => [phase, state]));

describe('a dream cycle', () => {
  let at: Nights;
  afterEach(() => at.close());
  async function nights(options: Parameters<typeof startNights>[1] = {}) {
    at = await startNights(inject('stack'), options);
    return at;
  }

  it('does the five phases in order, records, audits and reports what they did', async () => {
    const { nightWork, start, ended } = await nights();
    nightWork.follow(async (phase) => ({ counts: { things: phase.length }, notes: [`${phase} was looked at`] }));
    const id = await start();
    const night = await ended(id);
    expect(nightWork.begun()).toEqual(phaseNames);
    expect(night).toMatchObject({ id, trigger: 'owner', state: 'ran', isCutShort: false });
    expect(statesOf(night)).toEqual(all('done'));
    expect(night.phases[0]).toMatchObject({ outcome: { counts: { things: 5 }, notes: ['redis was looked at'] } });
    await expect.poll(() => at.reported).toEqual([night]);
    expect(at.audited()).toEqual([{ subject: id, state: 'ran', isCutShort: false, trigger: 'owner' }]);
  });

  it('comes after everything somebody waits for, and shows what it is in the Web UI', async () => {
    const { start, workflow } = await nights();
    const id = await start();
    await workflow(id).result();
    const handle = workflow(id);
    const { raw, staticSummary } = await handle.describe().then(async (described) => ({
      raw: described.raw,
      staticSummary: await described.staticSummary(),
    }));
    expect(staticSummary).toBe('Dream cycle, asked for by the owner');
    const outcome = raw.workflowExecutionInfo?.searchAttributes?.indexedFields?.['TalosOutcome']?.data;
    expect(Buffer.from(outcome ?? []).toString()).toBe('"ran"');
    const history = historyToJSON(await handle.fetchHistory());
    expect(history).toMatch(/"priorityKey":\s*5/);
  });

  it.each(phaseNames)('records that %s failed, and does the others', async (broken) => {
    const { nightWork, start, ended } = await nights();
    nightWork.follow(async (phase) => {
      if (phase === broken) throw new TalosError('INTERNAL', 'it broke');
      return undefined;
    });
    const night = await ended(await start());
    expect(statesOf(night)).toEqual({ ...all('done'), [broken]: 'failed' });
    expect(night).toMatchObject({ state: 'failed', reason: 'phase-failed', isCutShort: false });
    expect(night.phases.find(({ phase }) => phase === broken)?.error).toEqual({
      code: 'INTERNAL',
      message: 'it broke',
    });
  });

  it('is recorded and reported although a phase tells what nobody can keep', async () => {
    const { nightWork, start, ended } = await nights();
    nightWork.follow(async (phase) => (phase === 'logs' ? { counts: { bytes: Number.NaN }, notes: [] } : undefined));
    const night = await ended(await start());
    expect(statesOf(night)).toEqual({ ...all('done'), logs: 'failed' });
    expect(night).toMatchObject({ state: 'failed', reason: 'phase-failed' });
    await expect.poll(() => at.reported.map(({ id }) => id)).toEqual([night.id]);
  });

  it('tries a phase again that failed for a moment', async () => {
    const { nightWork, start, ended } = await nights();
    let failures = 0;
    nightWork.follow(async (phase) => {
      if (phase === 'memory' && (failures += 1) === 1) throw new TalosError('VECTORS_UNAVAILABLE', 'away');
      return undefined;
    });
    expect(statesOf(await ended(await start()))).toEqual(all('done'));
    expect(failures).toBe(2);
  });

  it.each(phaseNames)('ends %s at the soft cap, keeps what it did, and begins nothing new', async (slow) => {
    const { nightWork, start, ended } = await nights({ night: { softMs: 1000, hardMs: 30_000 } });
    nightWork.follow(hangUntilTold(slow).script);
    const night = await ended(await start());
    const place = phaseNames.indexOf(slow);
    const expected = phaseNames.map((_, index) => (index < place ? 'done' : index === place ? 'cut-short' : 'skipped'));
    expect(Object.values(statesOf(night))).toEqual(expected);
    expect(night.phases[place]).toMatchObject({ outcome: { counts: { halfDone: 1 } } });
    expect(night).toMatchObject({ state: 'ran', isCutShort: true });
    await expect.poll(() => at.reported.map(({ id }) => id)).toEqual([night.id]);
  });

  it.each(phaseNames)('is over at the hard cap although %s heeds nothing', async (stuck) => {
    const { nightWork, start, ended } = await nights({ night: { softMs: 500, hardMs: 1500 } });
    nightWork.follow(hangForGood(stuck).script);
    const night = await ended(await start());
    expect(statesOf(night)[stuck]).toBe('cut-short');
    expect(night).toMatchObject({ state: 'failed', reason: 'hard-cap', isCutShort: true });
    expect((night.endedAt ?? 0) - (night.startedAt ?? 0)).toBeLessThan(1500 + 5000);
    await expect.poll(() => at.reported.map(({ id }) => id)).toEqual([night.id]);
  });

  it('looks for a skill to mend after the phases, but only where the owner’s trust allows it', async () => {
    const first = await nights({ night: { mayRevise: true }, trustLevel: 4 });
    const night = await first.ended(await first.start());
    expect(night).toMatchObject({ state: 'ran', isCutShort: false, revision: { state: 'none' } });
    await first.close();
    const second = await nights({ trustLevel: 4 });
    expect(await second.ended(await second.start())).not.toHaveProperty('revision');
  });

  it('is over at the hard cap although the store does not answer while it goes on', async () => {
    const { start, ended, nightRuns } = await nights({ night: { softMs: 500, hardMs: 1000 } });
    const save = nightRuns.save.bind(nightRuns);
    const answers = Promise.withResolvers<boolean>();
    nightRuns.save = (run) => (run.state === 'running' ? answers.promise : save(run));
    const night = await ended(await start());
    answers.resolve(false);
    expect(night).toMatchObject({ state: 'failed', reason: 'hard-cap', isCutShort: true });
    expect((night.endedAt ?? 0) - (night.startedAt ?? 0)).toBeLessThan(1000 + 5000);
  });

  it.each(phaseNames)('goes on after %s has hung for as long as it may take', async (stuck) => {
    const { nightWork, start, ended } = await nights({ night: { limits: { [stuck]: 1000 } } });
    nightWork.follow(hangForGood(stuck).script);
    const night = await ended(await start());
    expect(statesOf(night)).toEqual({ ...all('done'), [stuck]: 'failed' });
    expect(night.phases.find(({ phase }) => phase === stuck)?.error?.code).toBe('PHASE_TIMEOUT');
    expect(night).toMatchObject({ state: 'failed', reason: 'phase-failed' });
  });

  it('ends when it is asked to, tells what it did, and frees the place', async () => {
    const { nightWork, start, ended, talos } = await nights();
    const slow = hangUntilTold('logs');
    nightWork.follow(slow.script);
    const id = await start();
    await slow.begun;
    expect(await talos.nightRuntime.cancel(id)).toBe(true);
    const night = await ended(id);
    expect(night).toMatchObject({ state: 'failed', reason: 'cancelled', isCutShort: true });
    expect(Object.values(statesOf(night))).toEqual(['done', 'done', 'cut-short', 'skipped', 'skipped']);
    await expect.poll(() => at.reported.map((each) => each.id)).toEqual([id]);
    nightWork.follow(async () => undefined);
    expect(await ended(await start())).toMatchObject({ state: 'ran' });
    expect(await talos.nightRuntime.cancel(id)).toBe(false);
  });

  it('is ended by a lockdown, and says so', async () => {
    const { nightWork, start, ended, talos } = await nights();
    const slow = hangUntilTold('memory');
    nightWork.follow(slow.script);
    const id = await start();
    await slow.begun;
    await talos.ports.lockdown.lock({ reason: 'test', by: 'owner', at: 1 });
    await talos.ports.runtime.cancelMessages();
    expect(await ended(id)).toMatchObject({ state: 'failed', reason: 'lockdown', isCutShort: true });
  });

  it('is ended by a lockdown that could not reach Temporal', async () => {
    const { nightWork, start, ended, talos } = await nights();
    const slow = hangUntilTold('memory');
    nightWork.follow(slow.script);
    const id = await start();
    await slow.begun;
    await talos.ports.lockdown.lock({ reason: 'test', by: 'owner', at: 1 });
    const night = await ended(id);
    expect(night).toMatchObject({ state: 'failed', reason: 'lockdown' });
    expect(nightWork.begun()).toEqual(['redis', 'memory']);
  });

  it('is skipped while Talos is locked down', async () => {
    const { nightWork, start, ended, talos } = await nights();
    await talos.ports.lockdown.lock({ reason: 'test', by: 'owner', at: 1 });
    const id = await start();
    expect(await ended(id)).toMatchObject({ state: 'skipped', reason: 'lockdown', phases: [] });
    expect(nightWork.begun()).toEqual([]);
    expect(at.audited()).toEqual([{ subject: id, state: 'skipped', reason: 'lockdown', trigger: 'owner' }]);
    await expect.poll(() => at.reported.map((each) => each.id)).toEqual([id]);
  });

  it('is told as skipped once although the store fails', async () => {
    const { start, ended, talos, nightRuns } = await nights();
    const save = nightRuns.save.bind(nightRuns);
    let failures = 2;
    nightRuns.save = (run) =>
      (failures -= 1) >= 0 ? Promise.reject(new TalosError('STORE_UNAVAILABLE', 'away')) : save(run);
    await talos.ports.lockdown.lock({ reason: 'test', by: 'owner', at: 1 });
    expect(await ended(await start())).toMatchObject({ state: 'skipped', reason: 'lockdown' });
    expect(at.audited()).toHaveLength(1);
  });

  it('is one run when two begin at once, and the other is skipped', async () => {
    const { nightWork, start, ended, workflow } = await nights();
    const slow = hangUntilTold('redis');
    nightWork.follow(slow.script);
    const [first, second] = await Promise.all([start(), start()]);
    await slow.begun;
    const holder = (await at.nightRuns.goingOn())?.id;
    const other = holder === first ? second : first;
    expect(await ended(other)).toMatchObject({ state: 'skipped', reason: 'overlap' });
    await workflow(other).result();
    await at.talos.nightRuntime.cancel(holder ?? '');
    expect(await ended(holder ?? '')).toMatchObject({ state: 'failed' });
    expect(nightWork.begun()).toEqual(['redis']);
    await workflow(holder ?? '').result();
    expect(at.reported.map(({ id }) => id)).toEqual([holder]); // the one report, of the time since the last one, tells of both
  });

  it('is the same run for the same id, also after it has ended', async () => {
    const { nightWork, start, ended, workflow } = await nights();
    const id = askedNightId(`same-${Date.now()}`);
    await Promise.all([start(id), start(id)]);
    await ended(id);
    await start(id);
    await workflow(id).result();
    expect(nightWork.begun()).toEqual(phaseNames);
    expect(await at.nightRuns.list({ since: 0, limit: 9 })).toHaveLength(1);
  });

  it('shows the newest line of the phase that goes on', async () => {
    const { nightWork, start, nightRuns } = await nights();
    const go = Promise.withResolvers<undefined>();
    nightWork.follow(async (phase, { tell }) => {
      if (phase !== 'logs') return undefined;
      tell('line one');
      tell(`line two${'.'.repeat(400)}`);
      return go.promise;
    });
    const id = await start();
    let line: string | undefined;
    const states = new Set<string>();
    for await (const night of nightRuns.follow(id, AbortSignal.timeout(20_000))) {
      for (const { phase, state } of night.phases) states.add(`${phase} ${state}`);
      if (night.progress?.phase !== 'logs') continue;
      ({ line } = night.progress);
      go.resolve(undefined);
    }
    expect(line).toMatch(/^line two\.+$/);
    expect(line).toHaveLength(300);
    for (const phase of phaseNames) expect([...states]).toEqual(expect.arrayContaining([`${phase} done`]));
  });

  it('is recorded once although the store fails and answers are lost', async () => {
    const { start, ended, nightRuns } = await nights();
    const sound = { ...nightRuns };
    const lost = new TalosError('STORE_UNAVAILABLE', 'the answer was lost');
    const faults = { begin: 2, save: 2 };
    nightRuns.begin = async (...given) => {
      if (faults.begin === 2) await sound.begin(...given);
      if ((faults.begin -= 1) >= 0) throw lost;
      return sound.begin(...given);
    };
    nightRuns.save = async (run) => {
      if (run.state === 'running') throw lost;
      if (faults.save === 2) await sound.save(run);
      if ((faults.save -= 1) >= 0) throw lost;
      return sound.save(run);
    };
    const id = await start();
    expect(await ended(id)).toMatchObject({ state: 'ran' });
    await expect.poll(() => at.audited().length, { timeout: 10_000 }).toBe(1);
    expect(await nightRuns.list({ since: 0, limit: 9 })).toHaveLength(1);
  });
});
