import type { z } from 'zod';

import { TalosError } from '../../domain/errors.ts';
import type { JsonValue } from '../../domain/json.ts';

/** What a skill gave to a power, checked. Fails with VALIDATION_FAILED, which names the field. */
export function parsePowerInput<Schema extends z.ZodType>(
  schema: Schema,
  input: JsonValue,
  power: string,
): z.output<Schema> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const field = issue?.path.map(String).join('.') || 'input';
  throw new TalosError('VALIDATION_FAILED', `ctx.${power}: ${field}: ${issue?.message ?? 'is not valid'}.`);
}
