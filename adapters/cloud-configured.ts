import { randomUUID } from 'node:crypto';

import type { Config } from '../domain/config/parse.ts';
import type { AuditLog, Logger } from '../domain/ports.ts';
import { createAbsentCloud } from './cloud-absent.ts';
import { createCloudBreaker } from './cloud-breaker.ts';
import { createCloudBudget } from './cloud-budget.ts';
import { type CheckedCloud, createCloudModel } from './cloud-model.ts';
import { createGemini } from './gemini.ts';
import type { RedisConnections } from './redis.ts';

type Options = {
  readonly config: Pick<Config, 'cloud'>;
  readonly redis: RedisConnections;
  readonly audit: AuditLog;
  readonly logger: Logger;
};

/** Gemini where a key is set; otherwise a cloud that is not there. */
export function createConfiguredCloud({ config, redis, audit, logger }: Options): CheckedCloud {
  const { geminiKey, geminiUrl, geminiModel, geminiFallbackModel, geminiTimeoutSeconds } = config.cloud;
  if (geminiKey === undefined) return { ...createAbsentCloud(), check: async () => [] };
  const now = Date.now;
  const timeoutMs = geminiTimeoutSeconds * 1000;
  return createCloudModel({
    client: createGemini({ key: geminiKey, url: geminiUrl, timeoutMs, now }),
    budget: createCloudBudget(redis),
    breaker: createCloudBreaker(redis),
    audit,
    logger,
    settings: {
      model: geminiModel,
      fallbackModel: geminiFallbackModel,
      tokensPerDay: config.cloud.geminiTokensPerDay,
      maxOutputTokens: config.cloud.geminiMaxTokens,
    },
    now,
    newId: randomUUID,
  });
}
