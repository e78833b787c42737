import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';

import { createCloudBreaker } from '../../../adapters/cloud-breaker.ts';
import { createCloudBudget } from '../../../adapters/cloud-budget.ts';
import { connectRedis } from '../../../adapters/redis.ts';
import { localDay, nextLocalDay } from '../../../domain/cloud/day.ts';
import { type FakeAnswer, type FakeGemini, startFakeGemini } from '../../support/fake-gemini.ts';
import { connectTestRedis } from '../stores/support.ts';
import { collect, createTestCloud, saying, unheard } from './support.ts';

const minute = 60_000;
const signal = AbortSignal.timeout(60_000);
const broken: FakeAnswer = { kind: 'status', status: 500 };

let fake: FakeGemini;
const here = connectTestRedis(inject('stack').redis);
const there = connectRedis({ url: inject('stack').redis, keyPrefix: here.keys.prefix });
beforeAll(async () => {
  fake = await startFakeGemini();
});
beforeEach(() => here.call((c) => c.del(here.keys.cloudBudget, here.keys.cloudBreaker)));
afterEach(() => fake.reset());
afterAll(async () => {
  await fake[Symbol.asyncDispose]();
  await there.close();
  await here.close();
});

/** A worker with a connection of its own; what is kept is in the real Redis. */
function worker(redis: typeof here, settings: Parameters<typeof createTestCloud>[0]['settings'] = {}) {
  const limits = { budget: createCloudBudget(redis), breaker: createCloudBreaker(redis) };
  const made = createTestCloud({ url: fake.url, ...limits, settings: { ...settings } });
  const recorded: string[] = [];
  const ask = (rest = {}, own = signal) =>
    collect(made.cloud.chat(saying('hello', rest), own, async (model) => void recorded.push(model)));
  return { ...made, ask, recorded };
}

describe('the budget of the cloud', () => {
  it('is the same for all workers, and a restart gives nothing back', async () => {
    fake.always({ kind: 'text', pieces: ['x'], usage: { prompt: 400, output: 500 } });
    await worker(here, { tokensPerDay: 2000 }).ask();
    const state = await worker(there, { tokensPerDay: 2000 }).cloud.state();
    expect(state).toMatchObject({ kind: 'ready', tokensUsed: 900, tokensLeft: 1100 });
    expect(await here.call((c) => c.ttl(here.keys.cloudBudget))).toBe(-1);
  });

  it('once spent sends nothing more until local midnight', async () => {
    fake.always({ kind: 'text', pieces: ['x'], usage: { prompt: 900, output: 100 } });
    const { ask, cloud, clock, recorded } = worker(here, { tokensPerDay: 1000 });
    await ask();
    const { error } = await ask();
    expect(recorded).toEqual(['first']); // what is not sent is not on record as sent
    expect(error).toMatchObject({ code: 'CLOUD_BUDGET_SPENT', details: { until: nextLocalDay(clock.now) } });
    expect(fake.requests).toHaveLength(1);
    expect(await cloud.state()).toMatchObject({ kind: 'spent', until: nextLocalDay(clock.now), tokensLeft: 0 });
    clock.now = nextLocalDay(clock.now);
    expect((await ask()).error).toBeUndefined();
  });

  it('makes the answer shorter where less is left, and says that it was the budget', async () => {
    const { ask, budget, clock } = worker(here, { tokensPerDay: 1000 });
    const day = localDay(clock.now);
    await budget.reserve({ id: 'other', day, at: clock.now, least: 600, most: 600, limit: 1000 });
    fake.always({ kind: 'text', pieces: ['a start'], finish: 'MAX_TOKENS' });
    const { events, text } = await ask({ maxOutputTokens: 8000 });
    const sent = JSON.parse(fake.requests[0]?.body ?? '') as { generationConfig: { maxOutputTokens: number } };
    expect(sent.generationConfig.maxOutputTokens).toBeLessThan(400);
    expect(text).toBe('a start');
    expect(events.at(-1)).toMatchObject({ type: 'finish', reason: 'length', isCutByBudget: true });
  });

  it('reached in the middle of an answer ends it; what was said is kept and booked', async () => {
    fake.always({
      kind: 'text',
      pieces: Array.from({ length: 50 }, () => 'word '),
      usage: { prompt: 400, output: 700 },
      pauseMs: 20,
    });
    const { ask, cloud } = worker(here, { tokensPerDay: 1000 });
    const { events, error, text } = await ask();
    expect(error).toBeUndefined();
    expect(text).toMatch(/^word /);
    expect(text.length).toBeLessThan(250);
    expect(events.at(-1)).toMatchObject({ type: 'finish', reason: 'length', isCutByBudget: true });
    expect(await cloud.state()).toMatchObject({ tokensUsed: 1100 });
    await expect.poll(() => fake.requests[0]?.wasLeft).toBe(true);
  });

  it('spent on thoughts before the first word is the reason, not an empty answer', async () => {
    fake.always({ kind: 'text', pieces: [], thoughts: ['Well, '], usage: { prompt: 400, output: 0, thoughts: 700 } });
    const { ask, cloud } = worker(here, { tokensPerDay: 1000 });
    expect((await ask({ think: true })).error).toMatchObject({ code: 'CLOUD_BUDGET_SPENT' });
    expect(await cloud.state()).toMatchObject({ tokensUsed: 1100 });
  });

  it('lets an answer that overran its estimate go on while there is more', async () => {
    fake.always({ kind: 'text', pieces: ['word ', 'word '], usage: { prompt: 400, output: 2700 } });
    const { ask, cloud } = worker(here, { tokensPerDay: 50_000 });
    const { events } = await ask({ maxOutputTokens: 500 });
    expect(events.at(-1)).toMatchObject({ type: 'finish', reason: 'stop' });
    expect(await cloud.state()).toMatchObject({ tokensUsed: 3100, tokensLeft: 46_900 });
  });

  it('pays for a prompt whose caller leaves before the first word', async () => {
    fake.script([{ kind: 'hang' }]);
    const leaving = new AbortController();
    const { ask, cloud } = worker(here);
    const asked = ask({}, leaving.signal);
    await expect.poll(() => fake.requests).toHaveLength(1);
    leaving.abort(new Error('left'));
    expect((await asked).error?.message).toBe('left');
    const state = await cloud.state();
    expect(state).toMatchObject({ tokensUsed: expect.any(Number), kind: 'ready' });
    expect('tokensUsed' in state && state.tokensUsed).toBeGreaterThan(0);
    expect('tokensLeft' in state && state.tokensUsed + state.tokensLeft).toBe(50_000);
  });

  it('of a call that midnight overtakes is that of the day it began on', async () => {
    fake.script([{ kind: 'text', pieces: ['one ', 'two'], usage: { prompt: 40, output: 60 } }]);
    const { cloud, clock, budget } = worker(here);
    const before = clock.now;
    for await (const event of cloud.chat(saying('hello'), signal, unheard)) {
      if (event.type === 'text-delta') clock.now = nextLocalDay(before) + 1;
    }
    expect(await budget.use(localDay(before), clock.now)).toEqual({ used: 100, held: 0 });
    expect(await budget.use(localDay(clock.now), clock.now)).toEqual({ used: 0, held: 0 });
    expect(await cloud.state()).toMatchObject({ kind: 'ready', tokensUsed: 0 });
  });

  it('gives its last tokens to one of two workers that race', async () => {
    fake.always({ kind: 'text', pieces: ['x'], usage: { prompt: 10, output: 10 }, pauseMs: 200 });
    const settings = { tokensPerDay: 400 };
    const answers = await Promise.all([worker(here, settings).ask(), worker(there, settings).ask()]);
    expect(answers.flatMap(({ error }) => error?.code ?? [])).toEqual(['CLOUD_BUDGET_SPENT']);
    expect(fake.requests).toHaveLength(1);
    expect(await createCloudBudget(here).use(localDay(worker(here).clock.now), 0)).toMatchObject({ used: 20 });
  });

  it('that cannot be read lets nothing out', async () => {
    const away = connectRedis({ url: 'unix:///nowhere/redis.sock' });
    const { error } = await worker(away).ask();
    expect(error?.code).toBe('STORE_UNAVAILABLE');
    expect(fake.requests).toHaveLength(0);
    await away.close();
  });
});

describe('the breaker before the cloud', () => {
  async function breakIt(): Promise<void> {
    fake.always(broken);
    for (let i = 0; i < 5; i += 1) await worker(i % 2 === 0 ? here : there).ask();
    fake.reset();
  }

  it('opens for all workers after five failures, is audited once, and lets nothing out', async () => {
    fake.always(broken);
    const { ask, audit, cloud, clock } = worker(here);
    for (let i = 0; i < 5; i += 1) expect((await ask()).error?.code).toBe('CLOUD_UNAVAILABLE');
    expect(audit.events()).toEqual([
      {
        type: 'cloud-breaker-changed',
        actor: 'talos',
        subject: cloud.host,
        details: { from: 'closed', to: 'open', reason: 'outage', until: clock.now + minute },
      },
    ]);
    fake.reset();
    const other = worker(there);
    expect((await other.ask()).error).toMatchObject({
      code: 'CLOUD_PAUSED',
      details: { until: clock.now + minute },
    });
    expect(other.recorded).toEqual([]);
    expect(fake.requests).toHaveLength(0);
    const state = { kind: 'paused', until: clock.now + minute, isProbing: false, tokensUsed: 0, tokensLeft: 50_000 };
    expect(await worker(there).cloud.state()).toMatchObject(state);
  });

  it('lets one of two workers that race find out, and closes when that one is answered', async () => {
    await breakIt();
    fake.always({ kind: 'text', pieces: ['well again'], pauseMs: 200 });
    const workers = [worker(here), worker(there)];
    for (const { clock } of workers) clock.now += 2 * minute;
    const answers = await Promise.all(workers.map(({ ask }) => ask()));
    expect(answers.flatMap(({ error }) => error?.code ?? [])).toEqual(['CLOUD_PAUSED']);
    expect(fake.requests).toHaveLength(1);
    const changes = workers.flatMap(({ audit }) =>
      audit.events().map(({ details }) => [details?.['from'], details?.['to']]),
    );
    expect(changes).toEqual([
      ['open', 'half-open'],
      ['half-open', 'closed'],
    ]);
    expect((await worker(here).ask()).text).toBe('well again');
  });

  it('opens again, for longer, when the probe fails', async () => {
    await breakIt();
    fake.always(broken);
    const { ask, clock, cloud } = worker(here);
    clock.now += 2 * minute;
    await ask();
    expect(await cloud.state()).toMatchObject({ kind: 'paused', until: clock.now + 2 * minute });
  });

  it('is not moved by callers who leave, and the next one may probe at once', async () => {
    fake.always({ kind: 'hang' });
    const leaving = worker(here);
    const reason = new Error('the caller left');
    const leave = async () => {
      const own = new AbortController();
      const asked = leaving.ask({}, own.signal);
      await expect.poll(() => fake.requests.length).toBeGreaterThan(0);
      own.abort(reason);
      expect((await asked).error).toBe(reason);
      fake.reset();
      fake.always({ kind: 'hang' });
    };
    for (let i = 0; i < 6; i += 1) await leave();
    expect(await leaving.breaker.current()).toEqual({ kind: 'closed', failures: [] });

    await breakIt();
    fake.always({ kind: 'hang' });
    leaving.clock.now += 2 * minute;
    await leave();
    fake.reset();
    expect((await leaving.ask()).error).toBeUndefined();
  });

  it('is asked by the check of the models, too', async () => {
    await breakIt();
    await expect(worker(here).cloud.check(signal)).rejects.toMatchObject({ code: 'CLOUD_PAUSED' });
    expect(fake.requests).toHaveLength(0);
  });
});
