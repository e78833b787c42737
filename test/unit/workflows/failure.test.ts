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

  it('is not retried when the wait is longer than anybody waits', () => {
    expect(asking({ retryAfterMs: 3_600_000, final: true }).nonRetryable).toBe(true);
  });
});
