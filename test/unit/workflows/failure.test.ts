import { describe, expect, it } from 'vitest';

import { TalosError } from '../../../domain/errors.ts';
import { toApplicationFailure } from '../../../workflows/failure.ts';

const asking = (details: Record<string, string | number | boolean>) =>
  toApplicationFailure(new TalosError('CLOUD_UNAVAILABLE', 'away', { details }));

describe('a failure as Temporal retries it', () => {
  it.each([
    ['as long as the other side asked', { retryAfterMs: 7000 }, 7000],
    ['five minutes at most', { retryAfterMs: 3_600_000 }, 300_000],
    ['as the policy says when nobody asked', {}, undefined],
    ['as the policy says when what was asked makes no sense', { retryAfterMs: -1 }, undefined],
    ['as the policy says when what was asked is no number', { retryAfterMs: 'soon' }, undefined],
  ])('waits %s', (_, details, delay) => {
    const failure = asking(details);
    expect(failure.nextRetryDelay ?? undefined).toBe(delay);
    expect(failure.nonRetryable).toBe(false);
  });

  it('has whole characters alone, in its causes too, for Temporal reads no others', () => {
    const half = 'not 😀'.slice(0, -1);
    const cause = new TypeError(half, { cause: new Error(half) });
    const { message, cause: known } = toApplicationFailure(new TalosError('MODEL_REFUSED', half, { cause }));
    const words = [message, known?.message, known?.stack, known?.cause instanceof Error ? known.cause.stack : half];
    for (const text of words) expect(text?.isWellFormed()).toBe(true);
    expect([message, known?.message, known?.name]).toEqual(['not \uFFFD', 'not \uFFFD', 'TypeError']);
  });

  it('is not retried when the wait is longer than anybody waits', () => {
    expect(asking({ retryAfterMs: 3_600_000, final: true }).nonRetryable).toBe(true);
  });
});
