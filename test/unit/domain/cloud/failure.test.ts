import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { blockOf, classifyReply } from '../../../../domain/cloud/failure.ts';
import { googleError } from '../../../support/fake-gemini-answers.ts';

const at = Date.UTC(2026, 10, 25, 12);

describe('a failing reply of the cloud', () => {
  it.each([
    [429, {}, 'quota'],
    [500, {}, 'outage'],
    [503, {}, 'outage'],
    [408, {}, 'outage'],
    [400, {}, 'request'],
    [400, { reason: 'API_KEY_INVALID' }, 'key'],
    [400, { reason: 'API_KEY_EXPIRED' }, 'key'],
    [401, {}, 'key'],
    [403, {}, 'key'],
    [404, {}, 'model'],
    [413, {}, 'request'],
  ])('of status %i and details %j is a matter of %s', (status, details, kind) => {
    const fault = classifyReply({ status, body: googleError(status, { message: 'said so', ...details }), at });
    expect(fault).toEqual({ kind, status, words: 'said so' });
  });

  it.each([
    ['in the body', { retryDelay: '7s' }, undefined, 7000],
    ['in the body with a fraction', { retryDelay: '7.5s' }, undefined, 7500],
    ['in the header in seconds', {}, '12', 12_000],
    ['in the header as a date', {}, new Date(at + 90_000).toUTCString(), 90_000],
    ['in both, the body being more exact', { retryDelay: '3s' }, '60', 3000],
    ['nowhere', {}, undefined, undefined],
    ['in the past', {}, new Date(at - 90_000).toUTCString(), undefined],
    ['in words', { retryDelay: 'soon' }, 'later', undefined],
  ])('says %s how long to wait', (...[, details, retryAfter, ms]) => {
    expect(classifyReply({ status: 429, body: googleError(429, details), retryAfter, at }).retryAfterMs).toBe(ms);
  });

  it('is understood whatever the body is', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.json()),
        fc.string(),
        fc.integer({ min: 400, max: 599 }),
        (body, retryAfter, status) => {
          const { retryAfterMs = 0, words } = classifyReply({ status, body, retryAfter, at });
          expect(retryAfterMs).toBeGreaterThanOrEqual(0);
          expect(Number.isFinite(retryAfterMs)).toBe(true);
          expect(typeof words).toBe('string');
        },
      ),
    );
  });
});

describe('the end of an answer of the cloud', () => {
  it('is no block when it is said or cut off', () => {
    expect(blockOf('STOP')).toBeUndefined();
    expect(blockOf('MAX_TOKENS')).toBeUndefined();
  });

  it('names the reason of a block and the categories that made it', () => {
    const ratings = [
      { category: 'HARM_CATEGORY_HARASSMENT', blocked: true },
      { category: 'HARM_CATEGORY_HATE_SPEECH', blocked: false },
      { category: 'HARM_CATEGORY_HARASSMENT', blocked: true },
    ];
    expect(blockOf('SAFETY', ratings)).toEqual({ reason: 'SAFETY', categories: ['HARM_CATEGORY_HARASSMENT'] });
    expect(blockOf('PROHIBITED_CONTENT')).toEqual({ reason: 'PROHIBITED_CONTENT', categories: [] });
  });

  it('never carries a text in the place of a name', () => {
    const text = 'Here is how to do it: first';
    expect(blockOf(text, [{ category: text, blocked: true }])).toEqual({ reason: 'UNKNOWN', categories: [] });
  });
});
