import { z } from 'zod';

import { MessageOutcome, TokenUsage } from './chat.ts';

/**
 * How a message ends, as a workflow may know it: everything of its outcome but the reply, whose text stays in the store
 * as the draft and never enters a workflow history.
 */
export const Settlement = MessageOutcome.omit({ reply: true });
export type Settlement = z.infer<typeof Settlement>;

/** What the model step tells the workflow about the reply it stored as the draft. */
export const Generation = z.strictObject({
  model: z.string(),
  route: z.enum(['local']),
  notice: z.string().optional(),
  usage: TokenUsage,
});
export type Generation = z.infer<typeof Generation>;

/** Whether a message may go on. */
export type Screening = { readonly kind: 'passed' } | { readonly kind: 'refused'; readonly settlement: Settlement };
