import { describe, expect, it } from 'vitest';

import { PhaseOutcome } from '../../../../domain/night/run.ts';
import { createTally, phaseOf } from '../../../../domain/night/tally.ts';

describe('a tally', () => {
  it('adds up, says the same once, and stays within what a report takes', () => {
    const tally = createTally();
    tally.add('keys');
    tally.add('keys', 4);
    for (const number of Array(100).keys()) tally.note(`${number} ${'x'.repeat(400)}`);
    const again = createTally();
    again.note('same');
    again.note('same');
    expect(tally.outcome().counts).toEqual({ keys: 5 });
    expect(PhaseOutcome.safeParse(tally.outcome()).success).toBe(true);
    expect(again.outcome().notes).toEqual(['same']);
  });
});

describe('a phase', () => {
  const context = (signal: AbortSignal) => ({ signal, tell: () => undefined });

  it('that is stopped tells what it did until then', async () => {
    const stop = new AbortController();
    const work = phaseOf(async ({ signal }, tally) => {
      tally.add('steps');
      stop.abort(new Error('the time is up'));
      signal.throwIfAborted();
      tally.add('steps');
    });
    expect(await work(context(stop.signal))).toEqual({ counts: { steps: 1 }, notes: [] });
  });

  it('that fails does not hide it, not even while it is stopped', async () => {
    const stop = new AbortController();
    const work = phaseOf(async () => {
      stop.abort();
      throw new Error('broken');
    });
    await expect(work(context(stop.signal))).rejects.toThrow('broken');
  });
});
