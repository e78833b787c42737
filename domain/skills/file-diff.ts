import { z } from 'zod';

/** How one file differs between two versions. */
export const FileDiff = z
  .strictObject({
    path: z.string(),
    change: z.enum(['added', 'removed', 'changed']),
    /** Unified diff; for a file that differs too much to compare in good time, all old lines and all new lines. */
    patch: z.string(),
  })
  .meta({ id: 'FileDiff' });
export type FileDiff = z.infer<typeof FileDiff>;
