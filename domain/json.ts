import { z } from 'zod';

/** Any value JSON can carry. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** Any value JSON can carry; a lone surrogate or a number JSON has no word for is refused. */
export const JsonValue: z.ZodType<JsonValue> = z.json();

/** A JSON object. */
export const JsonObject = z.record(z.string(), JsonValue);
export type JsonObject = z.infer<typeof JsonObject>;
