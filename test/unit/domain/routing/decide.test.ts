import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { CloudState } from '../../../../domain/cloud/ports.ts';
import { type ErrorCode, errorCatalogue } from '../../../../domain/errors.ts';
import {
  decideRoute,
  isLocalUnavailable,
  type LocalFailure,
  type RoutingDecision,
  type RoutingInput,
} from '../../../../domain/routing/decide.ts';

const use = { model: 'gemini', tokensUsed: 10, notes: [] };
const noKey: CloudState = { kind: 'not-configured' };
const ready: CloudState = { kind: 'ready', ...use, tokensLeft: 90 };
const paused: CloudState = { kind: 'paused', ...use, tokensLeft: 90, until: 60_000, isProbing: false };
const spent: CloudState = { kind: 'spent', ...use, tokensLeft: 0, until: 120_000 };
const failed = (code: ErrorCode, reason?: string): LocalFailure => ({
  code,
  message: 'The engine says why, and what to do.',
  ...(reason !== undefined && { reason }),
});
const away = failed('MODEL_UNAVAILABLE', 'unreachable');

const input = (changes: Partial<RoutingInput> = {}): RoutingInput => ({
  hasImages: false,
  cloud: ready,
  fallback: 'auto',
  ...changes,
});
const local = (reason: string) => ({ kind: 'go', route: 'local', reason });
const cloud = (reason: string) => ({ kind: 'go', route: 'cloud', reason });
const refuse = (code: ErrorCode) => expect.objectContaining({ kind: 'refuse', code });

describe('the route of a message', () => {
  it.each<[string, Partial<RoutingInput>, unknown]>([
    ['is local first', {}, local('local-first')],
    ['is local where that was asked for', { wanted: 'local' }, local('asked-local')],
    ['is local with pictures', { hasImages: true }, local('image')],
    ['is local with pictures and asked for so', { hasImages: true, wanted: 'local' }, local('asked-local')],
    ['is local without any key', { cloud: noKey }, local('local-first')],
    ['is the cloud where that was asked for', { wanted: 'cloud' }, cloud('asked-cloud')],
    [
      'is asked of the owner, where that is set',
      { wanted: 'cloud', fallback: 'ask' },
      { kind: 'ask', reason: 'asked-cloud' },
    ],
    [
      'is never the cloud where that is set, and says so',
      { wanted: 'cloud', fallback: 'never' },
      refuse('CLOUD_NOT_CONFIGURED'),
    ],
    [
      'is not local instead of a cloud without a key',
      { wanted: 'cloud', cloud: noKey },
      refuse('CLOUD_NOT_CONFIGURED'),
    ],
    ['is not local instead of a cloud that is paused', { wanted: 'cloud', cloud: paused }, refuse('CLOUD_PAUSED')],
    ['is not local instead of a cloud that is spent', { wanted: 'cloud', cloud: spent }, refuse('CLOUD_BUDGET_SPENT')],
    ['is no cloud with pictures', { wanted: 'cloud', hasImages: true }, refuse('VALIDATION_FAILED')],
    ['is the cloud when the engine cannot be reached', { failure: away }, cloud('local-unavailable')],
    ['is the cloud when there is no model at all', { failure: failed('MODEL_MISSING') }, cloud('local-unavailable')],
    [
      'is asked of the owner when the engine cannot be reached',
      { failure: away, fallback: 'ask' },
      { kind: 'ask', reason: 'local-unavailable' },
    ],
    [
      'stays here when the engine cannot be reached and the cloud is off',
      { failure: away, fallback: 'never' },
      refuse('MODEL_UNAVAILABLE'),
    ],
    [
      'stays here when the engine cannot be reached and there is no key',
      { failure: away, cloud: noKey },
      { kind: 'refuse', code: away.code, message: away.message },
    ],
    ['stays here while the cloud is paused', { failure: away, cloud: paused }, refuse('MODEL_UNAVAILABLE')],
    ['stays here while the cloud is spent', { failure: away, cloud: spent }, refuse('MODEL_UNAVAILABLE')],
    [
      'stays here where that was asked for, engine or not',
      { failure: away, wanted: 'local' },
      refuse('MODEL_UNAVAILABLE'),
    ],
    ['stays here with pictures, engine or not', { failure: away, hasImages: true }, refuse('MODEL_UNAVAILABLE')],
    ['stays here when the GPU is busy', { failure: failed('GPU_BUSY') }, refuse('GPU_BUSY')],
    ['stays here when the model is slow', { failure: failed('MODEL_TIMEOUT', 'silent') }, refuse('MODEL_TIMEOUT')],
    ['stays here when the model refuses', { failure: failed('MODEL_REFUSED') }, refuse('MODEL_REFUSED')],
    ['stays here when the prompt is too long', { failure: failed('MESSAGE_TOO_LONG') }, refuse('MESSAGE_TOO_LONG')],
    [
      'stays here when the engine has too many requests',
      { failure: failed('MODEL_UNAVAILABLE', 'busy') },
      refuse('MODEL_UNAVAILABLE'),
    ],
    ...['no-answer', 'silent'].map((reason): [string, Partial<RoutingInput>, RoutingDecision] => [
      `stays here when the engine is there and slow to answer a question (${reason})`,
      { failure: failed('MODEL_UNAVAILABLE', reason) },
      refuse('MODEL_UNAVAILABLE'),
    ]),
    [
      'stays here when others hold the memory',
      { failure: failed('MODEL_UNAVAILABLE', 'out-of-memory') },
      refuse('MODEL_UNAVAILABLE'),
    ],
  ])('%s', (_name, changes, decision) => {
    expect(decideRoute(input(changes))).toEqual(decision);
  });

  it('says with the fix what kept it from the cloud, where one is set up', () => {
    const messageOf = (changes: Partial<RoutingInput>) => {
      const decision = decideRoute(input({ failure: away, ...changes }));
      return decision.kind === 'refuse' ? decision.message : '';
    };
    expect(messageOf({ fallback: 'never' })).toContain('The engine says why, and what to do.');
    expect(messageOf({ fallback: 'never' })).toContain('CLOUD_FALLBACK=auto');
    expect(messageOf({ cloud: paused })).toContain('1970-01-01T00:01:00.000Z');
    expect(messageOf({ cloud: spent })).toContain('GEMINI_MAX_TOKENS_PER_DAY');
    expect(messageOf({ wanted: 'local' })).toContain('nothing was sent');
  });
});

const code = fc.constantFrom(...(Object.keys(errorCatalogue) as ErrorCode[]));
const reason = fc.constantFrom(
  'unreachable',
  'cut-off',
  'no-answer',
  'server-error',
  'busy',
  'out-of-memory',
  'silent',
);
const failure = fc.record({ code, message: fc.constant('it failed'), reason }, { requiredKeys: ['code', 'message'] });
const anyInput: fc.Arbitrary<RoutingInput> = fc.record(
  {
    wanted: fc.constantFrom('local' as const, 'cloud' as const),
    hasImages: fc.boolean(),
    cloud: fc.constantFrom(noKey, ready, paused, spent),
    fallback: fc.constantFrom('auto' as const, 'ask' as const, 'never' as const),
    failure,
  },
  { requiredKeys: ['hasImages', 'cloud', 'fallback'] },
);

/** Whether anything could leave, now or once the owner has been asked. */
const couldLeave = (decision: RoutingDecision): boolean =>
  decision.kind === 'ask' || (decision.kind === 'go' && decision.route === 'cloud');

describe('whatever happens', () => {
  it('nothing leaves that was wanted here, shows pictures, is never to leave, or has no key to leave with', () => {
    fc.assert(
      fc.property(anyInput, (given) => {
        const isHome =
          given.wanted === 'local' || given.hasImages || given.fallback === 'never' || given.cloud.kind !== 'ready';
        if (isHome) expect(couldLeave(decideRoute(given))).toBe(false);
      }),
    );
  });

  it('nothing leaves that was not asked to, unless no local model can answer', () => {
    fc.assert(
      fc.property(anyInput, (given) => {
        const isAway = given.failure !== undefined && isLocalUnavailable(given.failure);
        if (given.wanted !== 'cloud' && !isAway) expect(couldLeave(decideRoute(given))).toBe(false);
      }),
    );
  });

  it('nothing that was asked of the cloud is answered here', () => {
    fc.assert(
      fc.property(anyInput, (given) => {
        const decision = decideRoute({ ...given, wanted: 'cloud' });
        expect(decision.kind === 'go' && decision.route === 'local').toBe(false);
      }),
    );
  });

  it('nothing leaves without a question where the owner wants to be asked', () => {
    fc.assert(
      fc.property(anyInput, (given) => {
        const decision = decideRoute({ ...given, fallback: 'ask' });
        expect(decision.kind === 'go' && decision.route === 'cloud').toBe(false);
      }),
    );
  });
});
