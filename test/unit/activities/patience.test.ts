import { describe, expect, it } from 'vitest';

import { createPatience } from '../../../activities/patience.ts';
import { type ErrorCode, type ErrorDetails, TalosError } from '../../../domain/errors.ts';

const unreachable = { reason: 'unreachable' };

/** A step whose attempts fail a second apart; `lastsMs` is how long each one runs. */
function createStep({ lastsMs = 0, hasStandIn = async () => false } = {}) {
  let now = 1_000_000;
  let attempt = 0;
  const patience = createPatience({ now: () => now, step: () => ({ id: 'message/1', attempt }) });

  async function attemptFails(code: ErrorCode, details: ErrorDetails = {}): Promise<boolean> {
    attempt += 1;
    const failure = await patience
      .keep(async () => {
        now += lastsMs;
        throw new TalosError(code, 'away', { details });
      }, hasStandIn)
      .catch((thrown: unknown) => thrown);
    now += 1000;
    return failure instanceof TalosError && failure.details['final'] === true;
  }

  return {
    patience,
    pass(ms: number) {
      now += ms;
    },
    attemptFails,
    /** Seconds until an attempt is told to be the last. */
    async lasts(code: ErrorCode, details: ErrorDetails = {}): Promise<number> {
      const startedAt = now;
      while (!(await attemptFails(code, details))) if (now - startedAt > 600_000) return Number.POSITIVE_INFINITY;
      return (now - startedAt) / 1000;
    },
  };
}

describe('the patience of a step', () => {
  it('ends after a quarter of a minute for most failures', async () => {
    expect(await createStep().lasts('AUDIT_UNAVAILABLE')).toBeCloseTo(15, -1);
  });

  it('lasts a minute while the conversation store is away', async () => {
    expect(await createStep().lasts('STORE_UNAVAILABLE')).toBeCloseTo(60, -1);
  });

  it('lasts a minute for a model server that was there a moment ago', async () => {
    const step = createStep();
    step.pass(600_000);
    step.patience.modelSeen();
    expect(await step.lasts('MODEL_UNAVAILABLE', unreachable)).toBeCloseTo(60, -1);
  });

  it('is short for a model server that has not been there for long', async () => {
    const step = createStep();
    step.pass(600_000);
    expect(await step.lasts('MODEL_UNAVAILABLE', unreachable)).toBeCloseTo(15, -1);
  });

  it('is a few seconds where something else is ready to do the same', async () => {
    const step = createStep({ hasStandIn: async () => true });
    step.patience.modelSeen();
    expect(await step.lasts('MODEL_UNAVAILABLE', unreachable)).toBeCloseTo(6, -1);
    expect(await createStep().lasts('MODEL_UNAVAILABLE', unreachable)).toBeGreaterThan(20);
  });

  it('lets a model server that has never been seen start, whatever else is ready', async () => {
    const step = createStep({ hasStandIn: async () => true });
    expect(await step.lasts('MODEL_UNAVAILABLE', unreachable)).toBeGreaterThan(25);
    step.pass(60_000);
    expect(await step.lasts('MODEL_UNAVAILABLE', unreachable)).toBeLessThan(10);
  });

  it('is as long as ever where it cannot be told what else is ready', async () => {
    const hasStandIn = () => Promise.reject(new TalosError('STORE_UNAVAILABLE', 'away'));
    const step = createStep({ hasStandIn });
    step.patience.modelSeen();
    expect(await step.lasts('MODEL_UNAVAILABLE', unreachable)).toBeCloseTo(60, -1);
  });

  it('begins anew after an attempt that went well for a while, three times', async () => {
    const step = createStep({ lastsMs: 40_000 });
    const wereLast = [];
    for (let attempts = 0; attempts < 4; attempts += 1) wereLast.push(await step.attemptFails('MODEL_UNAVAILABLE'));
    expect(wereLast).toEqual([false, false, false, true]);
  });

  it('gives a silent model a second attempt and no third', async () => {
    const step = createStep({ lastsMs: 120_000 });
    expect(await step.attemptFails('MODEL_TIMEOUT')).toBe(false);
    expect(await step.attemptFails('MODEL_TIMEOUT')).toBe(true);
  });

  it('never ends because a worker hands its work over', async () => {
    expect(await createStep().lasts('SHUTTING_DOWN')).toBe(Number.POSITIVE_INFINITY);
  });

  it('forgets the trouble once the step has succeeded', async () => {
    const step = createStep();
    await step.attemptFails('AUDIT_UNAVAILABLE');
    await step.patience.keep(async () => undefined);
    step.pass(20_000);
    expect(await step.attemptFails('AUDIT_UNAVAILABLE')).toBe(false);
  });
});
