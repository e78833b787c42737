import { expect, test } from 'vitest';

import { executeRun } from '../../../activities/skill-execution.ts';
import { createMemorySandbox } from '../../../adapters/memory/sandbox.ts';
import { TalosError } from '../../../domain/errors.ts';
import type { SkillRunRecord } from '../../../domain/skills/run.ts';
import { createSkillTwins, makeBundle } from '../../support/skill-twins.ts';

const searches = 'searches memory';

/** Who is blamed when a search of the memory fails like this, and the skill with it. */
async function blameAfter(failure: Error) {
  const sandbox = createMemorySandbox(new Map([[searches, (_, { call }) => call('memory', { query: 'cats' })]]));
  await sandbox.prove(AbortSignal.timeout(5000));
  const powersFor = () => ({ call: () => Promise.reject(failure), egress: () => [] });
  const record = { skill: 's', key: 'k', input: 1, inputBy: 'person', state: 'pending' } as SkillRunRecord;
  const parts = { ...createSkillTwins(), skillRuntime: {} as never, sandbox, powersFor };
  const plan = { bundle: makeBundle('s', { code: searches }), record };
  const { verdict, blame } = await executeRun(parts, plan, AbortSignal.timeout(5000));
  return { verdict, blame };
}

test.each([
  new TalosError('HOST_UNAVAILABLE', 'no name server answers'),
  new TalosError('CONFIG_INVALID', 'the secret is not set'),
  new TalosError('VECTORS_UNAVAILABLE', 'it is restarting'),
  new Error('a disk is full'),
])('a skill that fails with the host ($message) is not blamed', async (failure) => {
  expect(await blameAfter(failure)).toEqual({ verdict: 'exception', blame: 'environment' });
});

test.each(['PERMISSION_DENIED', 'VALIDATION_FAILED', 'NOT_FOUND', 'BODY_TOO_LARGE', 'TOO_MANY_REQUESTS'] as const)(
  'a skill that fails by what it asked for (%s) is blamed',
  async (code) => {
    expect(await blameAfter(new TalosError(code, 'no'))).toMatchObject({ blame: 'skill' });
  },
);
