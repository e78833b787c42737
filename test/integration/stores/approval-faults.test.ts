import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createApprovalCodes } from '../../../adapters/approval-codes.ts';
import { createApprovalLedger } from '../../../adapters/approval-ledger.ts';
import { connectRedis, type RedisConnections } from '../../../adapters/redis.ts';
import type { ApprovalCodes } from '../../../domain/ports.ts';
import { failureCode, type OwnRedis, startOwnRedis } from './support.ts';

const request = { action: 'skill-promote', subject: 'csv-summary', binding: 'a'.repeat(64) } as const;

describe('approval codes', () => {
  let server: OwnRedis;
  let redis: RedisConnections;
  let codes: ApprovalCodes;
  let at: number;

  beforeEach(async () => {
    at = Date.now();
    server = await startOwnRedis('--maxmemory', '4mb', '--maxmemory-policy', 'noeviction');
    redis = connectRedis({ url: server.url });
    codes = createApprovalCodes({
      ledger: createApprovalLedger(redis),
      key: new Uint8Array(32),
      delivery: { name: 'test', deliver: async () => undefined },
      now: () => at,
      newCode: () => '1234',
    });
  });
  afterEach(async () => {
    await redis.close();
    await server.close();
  });

  const guess = (code: string) => codes.redeem({ ...request, code });
  const fill = async () => {
    while ((await failureCode(redis.call((c) => c.append('ballast', 'x'.repeat(100_000))))) === undefined);
  };

  it('and their lock-out outlast a Redis that is killed', async () => {
    await codes.request(request);
    for (const code of ['0000', '0001', '0002', '0003']) await guess(code);
    await server.kill('SIGKILL');
    expect(await failureCode(guess('1234'))).toBe('STORE_UNAVAILABLE');
    await server.start();
    expect((await guess('0004')).kind).toBe('locked');
    await server.kill('SIGKILL');
    await server.start();
    expect(await guess('1234')).toEqual({ kind: 'locked', until: at + 600_000 });
  });

  it('are taken, counted and made also when Redis is full', async () => {
    await codes.request(request);
    await fill();
    expect(await guess('0000')).toEqual({ kind: 'wrong', left: 4 });
    expect((await guess('1234')).kind).toBe('accepted');
    await codes.request(request);
    expect((await guess('1234')).kind).toBe('accepted');
  });

  it('are nowhere in Redis but as proofs', async () => {
    await codes.request(request);
    await guess('0000');
    const kept = await Promise.all(
      [redis.keys.approvals, redis.keys.approvalGuards].map((key) => redis.call((c) => c.hgetall(key))),
    );
    expect(JSON.stringify(kept)).not.toMatch(/(?<![0-9a-f])(1234|0000)(?![0-9a-f])/);
    for (const key of [redis.keys.approvals, redis.keys.approvalGuards]) {
      expect(await redis.call((c) => c.ttl(key)), key).toBe(-1);
    }
  });
});
