import { afterAll, inject } from 'vitest';

import { createApprovalLedger } from '../../adapters/approval-ledger.ts';
import { createMemoryApprovalLedger } from '../../adapters/memory/approval-codes.ts';
import { connectTestRedis } from '../integration/stores/support.ts';
import { describeApprovalCodes } from './approval-codes-suite.ts';

describeApprovalCodes('approval codes in memory', async () => createMemoryApprovalLedger());

const redis = connectTestRedis(inject('stack').redis);
afterAll(() => redis.close());
describeApprovalCodes('approval codes in Redis', async () => {
  const { approvals, approvalGuards } = redis.keys;
  await redis.call((c) => c.del(approvals, approvalGuards));
  return createApprovalLedger(redis);
});
