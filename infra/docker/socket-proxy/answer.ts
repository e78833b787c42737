import { z } from 'zod';

import type { JsonValue } from '../../../domain/json.ts';
import type { UpstreamReply } from './upstream.ts';

/** What a caller gets. */
export type Answer = { readonly status: number; readonly body?: JsonValue; readonly reason?: string };

/** Says no; the reason is for the caller and for the audit line. */
export function refusal(reason: string, status = 403): Answer {
  return { status, reason, body: { message: `refused by the socket proxy: ${reason}` } };
}

const ContainerId = z.string().regex(/^[0-9a-f]{64}$/);

/** What a caller may see of the engine's answers; every other field stays here. */
export const shown = {
  create: z.object({ Id: ContainerId }),
  list: z.array(z.object({ Id: ContainerId, State: z.string(), Created: z.number() })),
  version: z.object({ Version: z.string(), ApiVersion: z.string() }),
  wait: z.object({ StatusCode: z.int() }),
  inspect: z.object({
    Id: ContainerId,
    State: z.object({ Status: z.string(), Running: z.boolean(), OOMKilled: z.boolean(), ExitCode: z.int() }),
  }),
} as const;

const EngineError = z.object({ message: z.string().transform((text) => text.slice(0, 300)) });

/** Cuts the engine's answer down to what the schema names; an answer of another shape is an error of the engine. */
export function reduce(reply: UpstreamReply, schema?: z.ZodType<JsonValue>): Answer {
  if (reply.status >= 300) {
    const { data } = EngineError.safeParse(reply.body);
    return { status: reply.status, body: data ?? { message: 'the Docker engine gave no reason' } };
  }
  if (schema === undefined) return { status: reply.status };
  const { data } = schema.safeParse(reply.body);
  if (data === undefined) return { status: 502, body: { message: 'the Docker engine answered in another shape' } };
  return { status: reply.status, body: data };
}
