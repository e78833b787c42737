import { expect, it } from 'vitest';

import { createConfiguredCloud } from '../../../adapters/cloud-configured.ts';
import { createMemoryAuditLog } from '../../../adapters/memory/audit-log.ts';
import { connectRedis } from '../../../adapters/redis.ts';
import { parseConfig } from '../../../domain/config/parse.ts';

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

it('a Talos without a key has no cloud: that is no failure, counts for nothing and needs no store', async () => {
  const redis = connectRedis({ url: 'unix:///nowhere/redis.sock' });
  const audit = createMemoryAuditLog();
  const cloud = createConfiguredCloud({ config: parseConfig({ HOME: '/home/ada' }), redis, audit, logger: quiet });
  const signal = AbortSignal.timeout(5000);
  const request = { messages: [], maxOutputTokens: 10, temperature: 0, think: false };
  for (let i = 0; i < 6; i += 1) {
    const first = cloud
      .chat(request, signal, async () => undefined)
      [Symbol.asyncIterator]()
      .next();
    await expect(first).rejects.toMatchObject({ code: 'CLOUD_NOT_CONFIGURED', details: { field: 'GEMINI_API_KEY' } });
  }
  expect(await cloud.state()).toEqual({ kind: 'not-configured' });
  expect(await cloud.check(signal)).toEqual([]);
  expect(audit.events()).toEqual([]);
  await redis.close();
});
