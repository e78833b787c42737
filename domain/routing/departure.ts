import { z } from 'zod';

import { RouteReason } from './route.ts';

/** Kinds of content that can leave the machine with a message. */
export const ContentKind = z.enum(['system-prompt', 'memory', 'history', 'message']).meta({ id: 'ContentKind' });
export type ContentKind = z.infer<typeof ContentKind>;

/** What exactly would leave, or has left, the machine: where to, what it holds, and the hash of all of it. */
export const Departure = z
  .strictObject({
    host: z.string().meta({ example: 'generativelanguage.googleapis.com' }),
    model: z.string(),
    kinds: z.array(ContentKind),
    bytes: z.int().nonnegative(),
    earlier: z.int().nonnegative().meta({ description: 'How many earlier messages, each with its answer' }),
    binding: z.string().meta({ description: 'Hash of all of it: what exactly is consented to' }),
  })
  .meta({ id: 'Departure' });
export type Departure = z.infer<typeof Departure>;

/** A message that waits for the owner's leave to go to a cloud. */
export const AwaitedCloud = z
  .strictObject({
    message: z.string(),
    reason: RouteReason,
    ...Departure.shape,
    askedAt: z.int(),
    until: z.int().meta({ description: 'When it counts as refused (ms since 1970)' }),
  })
  .meta({ id: 'AwaitedCloud' });
export type AwaitedCloud = z.infer<typeof AwaitedCloud>;

/**
 * What the owner says to it. `approval` is the id of the code that was redeemed, never the code; `binding` is what it was given for, which
 * decisions of older versions do not name.
 */
export type CloudDecision = { readonly by: string } & (
  | { readonly isAllowed: true; readonly approval: string; readonly binding?: string }
  | { readonly isAllowed: false }
);

/** What left, in words for a reader. */
export function describeDeparture({ host, kinds, bytes, earlier }: Omit<Departure, 'binding' | 'model'>): string {
  const words = {
    message: 'this message',
    history: earlier === 1 ? 'one earlier message with its answer' : `${earlier} earlier messages with their answers`,
    memory: 'memories',
    'system-prompt': 'the system prompt',
  } satisfies Record<ContentKind, string>;
  const parts = (['message', 'history', 'memory', 'system-prompt'] as const).filter((kind) => kinds.includes(kind));
  return `${listed(parts.map((kind) => words[kind]))} (${bytes} bytes to ${host})`;
}

function listed(parts: readonly string[]): string {
  return parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;
}
