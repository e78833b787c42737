import { z } from 'zod';

/** Something the nightly look at the machine found. `critical` breaks something now or soon, `warning` will if nothing is done. */
export const Finding = z
  .strictObject({
    severity: z.enum(['warning', 'critical']),
    about: z.string().max(40).meta({ description: 'What it concerns, such as redis', example: 'disk' }),
    text: z.string().max(300),
    fix: z.string().max(300).meta({ description: 'What mends it' }),
  })
  .meta({ id: 'Finding' });
export type Finding = z.infer<typeof Finding>;

/** A phase tells no more than this. */
export const mostFindings = 50;

/** A finding as one line of a list. */
export function describeFinding({ severity, text, fix }: Finding): string {
  return `${severity}: ${text}; ${fix}`;
}
