import { z } from 'zod';

/**
 * What happened, before it is chained. `details` are small facts: ids, hashes, counts, codes; never texts, secrets or tokens.
 * `subject` is the message, skill or host concerned.
 */
export const AuditEvent = z.strictObject({
  type: z.enum([
    'log-start',
    'log-end',
    'sign-in-failed',
    'firewall-verdict',
    'model-called',
    'message-settled',
    'lockdown-set',
    'lockdown-lifted',
    'hold-set',
    'hold-lifted',
    'config-changed',
  ]),
  actor: z.string(),
  subject: z.string().optional(),
  details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
});
export type AuditEvent = z.input<typeof AuditEvent>;

/** Where an event stands in the log: its segment, its number there and its hash. */
export type AuditReceipt = { readonly segment: string; readonly seq: number; readonly hash: string };
