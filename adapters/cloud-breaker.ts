import { z } from 'zod';

import { type Breaker, breakerRule } from '../domain/cloud/breaker.ts';
import type { CloudBreaker } from '../domain/cloud/ports.ts';
import { admitScript, hearScript } from './lua/cloud.ts';
import type { RedisConnections } from './redis.ts';

const Kind = z.enum(['closed', 'open', 'half-open']);
const Fields = z
  .array(z.string())
  .transform((flat) => Object.fromEntries(flat.flatMap((name, i) => (i % 2 === 0 ? [[name, flat[i + 1] ?? '']] : []))));
const Admission = z.tuple([z.literal([0, 1]), Kind, Fields]);
const Hearing = z.tuple([Kind, Fields]);

/** Keeps the breaker before the cloud in Redis: all workers see the same one, also after a restart. */
export function createCloudBreaker({ keys, call, run }: RedisConnections): CloudBreaker {
  const breaker = [keys.cloudBreaker];
  const { failures, windowMs, firstPauseMs, longestPauseMs, probeMs } = breakerRule;
  return {
    async admit(order) {
      const args = [order.call, order.at, longestPauseMs, probeMs];
      const [isAdmitted, before, fields] = Admission.parse(await run(admitScript, { keys: breaker, args }));
      return { isAdmitted: isAdmitted === 1, before, breaker: readBreaker(fields) };
    },

    async hear({ call: id, at, verdict, retryAfterMs = 0 }) {
      const args = [id, at, verdict, retryAfterMs, failures, windowMs, firstPauseMs, longestPauseMs];
      const [before, fields] = Hearing.parse(await run(hearScript, { keys: breaker, args }));
      return { before, breaker: readBreaker(fields) };
    },

    current: async () => readBreaker(await call((c) => c.hgetall(keys.cloudBreaker))),
  };
}

function readBreaker(fields: Record<string, string>): Breaker {
  const { probe, since, until, failures = '' } = fields;
  const pauses = Number(fields['pauses'] ?? 1);
  if (probe !== undefined) return { kind: 'half-open', probe, since: Number(since), pauses };
  if (until !== undefined) return { kind: 'open', until: Number(until), pauses };
  return { kind: 'closed', failures: failures === '' ? [] : failures.split(',').map(Number) };
}
