import { z } from 'zod';

/** Something kept that cannot be read, while the rest can. */
export const Unreadable = z
  .strictObject({ id: z.string(), problem: z.string().meta({ description: 'What is wrong and what to do' }) })
  .meta({ id: 'Unreadable' });
export type Unreadable = z.infer<typeof Unreadable>;
