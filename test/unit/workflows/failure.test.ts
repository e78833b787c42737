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

/** Half of a character that takes two. */
const half = '\u{1f600}'.slice(0, 1);

describe('a failure as the server takes it', () => {
  it('has whole characters alone, in what caused it as well', () => {
    const root = new Error(`no ${half}`);
    const cause = new SyntaxError(`Unexpected token ${half}`, { cause: root });
    const failure = toApplicationFailure(new TalosError('REPLY_INVALID', `It says ${half}`, { cause }));
    const told = [failure, failure.cause, failure.cause?.cause].map((error) => error as Error);
    expect(told.map(({ message }) => message)).toEqual(['It says \ufffd', 'Unexpected token \ufffd', 'no \ufffd']);
    for (const { stack = '' } of told) expect(stack.isWellFormed()).toBe(true);
    expect(failure.cause?.name).toBe('SyntaxError');
  });

  it('is no longer than one message to the server may be, whatever caused it', () => {
    const words = 'x'.repeat(5_000_000);
    const cause = new Error(words, { cause: new Error(words) });
    const failure = toApplicationFailure(new TalosError('INTERNAL', words, { cause }));
    const told = [failure, failure.cause, failure.cause?.cause].map((error) => error as Error);
    for (const { message, stack = '' } of told) expect(message.length + stack.length).toBeLessThan(50_000);
  });

  it('has an end where what caused it goes in circles', () => {
    const cause = new Error('again');
    cause.cause = cause;
    const told: unknown[] = [];
    const failure = toApplicationFailure(new TalosError('INTERNAL', 'no', { cause }));
    for (let one: unknown = failure; one instanceof Error && told.length < 100; one = one.cause) told.push(one.message);
    expect(told).toEqual(['no', ...Array.from({ length: 10 }, () => 'again')]);
  });

  it('keeps what caused it as it is where that is whole', () => {
    const cause = new SyntaxError('Unexpected token', { cause: new Error('no') });
    expect(toApplicationFailure(new TalosError('REPLY_INVALID', 'no', { cause })).cause).toBe(cause);
  });
});
