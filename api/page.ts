import { z } from 'zod';

/** The query of a list. */
export const Page = z
  .strictObject({
    limit: wholeNumber({ min: 1, max: 200, preset: 50 }).meta({ description: 'How many at most' }),
    offset: wholeNumber({ min: 0, max: 1_000_000, preset: 0 }).meta({ description: 'How many to leave out first' }),
  })
  .meta({ id: 'Page' });

/** A whole number in a query. */
export function wholeNumber({ min, max, preset }: { min: number; max: number; preset: number }) {
  const problem = `must be a whole number from ${min} to ${max}`;
  return z
    .string(problem)
    .regex(/^\d{1,7}$/, problem)
    .transform(Number)
    .refine((value) => value >= min && value <= max, problem)
    .prefault(String(preset))
    .meta({
      override: ({ jsonSchema }) => {
        for (const key of Object.keys(jsonSchema)) Reflect.deleteProperty(jsonSchema, key);
        Object.assign(jsonSchema, { type: 'integer', minimum: min, maximum: max, default: preset });
      },
    });
}
