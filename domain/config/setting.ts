import { z } from 'zod';

/** What the reference table and `.env.example` say of a setting, and where it is read from. */
export type SettingMeta = {
  readonly env: string;
  /** Another name of the variable; both may be set only to the same. */
  readonly alias?: string;
  readonly description: string;
  readonly example: string;
  /** What takes hold when the variable is unset and the schema itself has no default. */
  readonly fallback?: string;
  /** A path on this host: a leading "~/" becomes the user's home directory. */
  readonly path?: true;
  /** Never printed, not even in errors. */
  readonly secret?: true;
};

/** Every setting with its environment variable; the documents are generated from it. */
export const settingRegistry = z.registry<SettingMeta>();

/** Registers a schema as the setting read from `env`. The schema parses the text of the variable, or undefined when blank. */
export function setting<Schema extends z.ZodType>(schema: Schema, meta: SettingMeta): Schema {
  settingRegistry.add(schema, meta);
  return schema;
}

/** A whole number written in decimal. */
export function wholeNumber(min: number, max: number): z.ZodType<number, string> {
  return z
    .string()
    .regex(/^-?\d{1,15}$/, `must be a whole number from ${min} to ${max}`)
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be from ${min} to ${max}`);
}

/** true or false, also 1/0, yes/no, on/off. */
export const flag: z.ZodType<boolean, string> = z
  .string()
  .toLowerCase()
  .refine((text) => ['true', 'false', '1', '0', 'yes', 'no', 'on', 'off'].includes(text), 'must be true or false')
  .transform((text) => ['true', '1', 'yes', 'on'].includes(text));

/** A size as Redis writes it, such as 512mb; the value is bytes. */
export function byteSize(min: string, max: string): z.ZodType<number, string> {
  return z
    .string()
    .toLowerCase()
    .regex(/^\d{1,6}(kb|mb|gb)$/, `must be a size from ${min} to ${max}, such as 512mb`)
    .transform(bytesOf)
    .refine((value) => value >= bytesOf(min) && value <= bytesOf(max), `must be from ${min} to ${max}`);
}

function bytesOf(size: string): number {
  const unit = { kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 }[size.slice(-2)] ?? 1;
  return Number(size.slice(0, -2)) * unit;
}

/** A place on this host. Relative paths are refused: every process would take them from another directory. */
export const hostPath = z.string().regex(/^(~\/|\/)[^\0]*$/, 'must be a path that starts with / or ~/');

/** A TCP port a person may bind without being root. */
export const port = wholeNumber(1024, 65_535);

/** An http or https address without a trailing slash. */
export const httpUrl: z.ZodType<string, string> = z
  .url({ protocol: /^https?$/, error: 'must be an http or https address' })
  .transform((url) => url.replace(/\/+$/, ''));
