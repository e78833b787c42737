import { z } from 'zod';

/** Whether all new work is refused, and since when, by whom and why. `at` is ms since 1970. */
export const LockdownState = z
  .discriminatedUnion('locked', [
    z.strictObject({ locked: z.literal(false) }),
    z.strictObject({ locked: z.literal(true), reason: z.string(), by: z.string(), at: z.int() }),
  ])
  .meta({ id: 'LockdownState' });
export type LockdownState = z.infer<typeof LockdownState>;
