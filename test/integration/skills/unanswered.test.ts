import { randomUUID } from 'node:crypto';

import { NativeConnection } from '@temporalio/worker';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';

import { createTemporalSkills } from '../../../adapters/temporal-skills.ts';
import { createSkillTwins } from '../../support/skill-twins.ts';

let connection: NativeConnection;
beforeAll(async () => {
  connection = await NativeConnection.connect({ address: inject('stack').temporal });
});
afterAll(() => connection.close());

it('an order nobody carries out in time is told as one that may still be done, not as Temporal being away', async () => {
  const skills = createTemporalSkills({
    connection,
    namespace: 'talos',
    taskQueue: `nobody-${randomUUID()}`,
    eagerStart: false,
    catalog: createSkillTwins().catalog,
    orderTimeoutMs: 500,
  });
  const id = `waiting-${randomUUID()}`;
  await expect(skills.submit({ id, hash: 'a'.repeat(64), by: 'owner' })).rejects.toMatchObject({
    code: 'RUNTIME_UNAVAILABLE',
    message: expect.stringMatching(/may still be done.*talos skills show waiting-/),
  });
  await expect(skills.deprecate({ id, reason: 'x', by: 'owner' })).rejects.toMatchObject({
    code: 'RUNTIME_UNAVAILABLE',
    message: expect.stringContaining('may still be done'),
  });
});
