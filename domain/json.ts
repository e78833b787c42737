import { z } from 'zod';

/** Any value JSON can carry. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** Any value JSON can carry; a lone surrogate or a number JSON has no word for is refused. */
export const JsonValue: z.ZodType<JsonValue> = z.json();

/** A value that was read from JSON already, which spares walking through it again; only its absence is refused. */
export const anyJson = z.custom<JsonValue>((value) => value !== undefined);

/** A JSON object. */
export const JsonObject = z.record(z.string(), JsonValue);
export type JsonObject = z.infer<typeof JsonObject>;
