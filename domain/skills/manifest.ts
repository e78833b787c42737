import { z } from 'zod';

import { JsonObject } from '../json.ts';

/** Names a skill: lower case, also a folder name and a part of workflow ids. The Agent Skills format has the same rule. */
export const SkillId = z
  .string()
  .max(64, 'use at most 64 characters')
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'use lower-case letters and digits in groups joined by "-", such as csv-summary')
  .meta({ id: 'SkillId', example: 'csv-summary' });
export type SkillId = z.infer<typeof SkillId>;

/** SHA-256 of the canonical bundle, lower-case hex: the identity of one version of a skill. */
export const BundleHash = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits')
  .meta({ id: 'BundleHash' });
export type BundleHash = z.infer<typeof BundleHash>;

/** What a skill is written in. `ts` is stripped of its types on the host. */
export const SkillLanguage = z.enum(['js', 'ts', 'py']);
export type SkillLanguage = z.infer<typeof SkillLanguage>;

/** Semantic version (semver.org), without build metadata. */
const Version = z
  .string()
  .max(64)
  .regex(/^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?$/, 'must be a semantic version such as 1.0.0');

/** A file inside a bundle: forward slashes, no part that starts with a dot, nothing that leaves the folder. */
export const BundlePath = z
  .string()
  .max(200)
  .regex(
    /^[A-Za-z0-9_-][A-Za-z0-9._-]*(\/[A-Za-z0-9_-][A-Za-z0-9._-]*){0,7}$/,
    'must be a relative path such as scripts/main.js',
  );
export type BundlePath = z.infer<typeof BundlePath>;

/** One host, exactly: no wildcard, no port, no address of digits alone. */
export const HostName = z
  .string()
  .max(253)
  .regex(
    /^(?=.*[a-z])[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$/,
    'must be a host such as api.example.org',
  );

/** A secret by name; the value stays with the owner and never enters the sandbox. */
export const SecretName = z
  .string()
  .max(64)
  .regex(/^[A-Z][A-Z0-9_]*$/, 'must be a name such as WEATHER_API_KEY');

/** What a skill may do beside computing. What is not named is denied. */
export const SkillPermissions = z
  .strictObject({
    hosts: z.array(HostName).max(32).default([]).meta({ description: 'Hosts `ctx.fetch` may reach, by HTTPS' }),
    secrets: z
      .array(z.strictObject({ name: SecretName, host: HostName, header: z.string().regex(/^[A-Za-z0-9-]{1,64}$/) }))
      .max(8)
      .default([])
      .meta({ description: 'Secrets the host puts into a header of requests to one host' }),
    memory: z.enum(['none', 'read']).default('none').meta({ description: 'Whether `ctx.memory` may search memories' }),
    tools: z
      .array(z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/))
      .max(16)
      .default([])
      .meta({ description: 'Tools `ctx.tool` may call, by name' }),
    folders: z
      .array(z.strictObject({ name: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/), access: z.enum(['read', 'write']) }))
      .max(4)
      .default([])
      .meta({ description: 'Folders the owner grants, reached through `ctx.folder`' }),
  })
  .meta({ id: 'SkillPermissions' });
export type SkillPermissions = z.infer<typeof SkillPermissions>;

/** What one run may use up. */
export const SkillLimits = z
  .strictObject({
    timeoutMs: z.int().min(100).max(300_000).default(10_000),
    memoryMiB: z.int().min(32).max(1024).default(128),
    outputBytes: z.int().min(1024).max(8_388_608).default(1_048_576),
  })
  .meta({ id: 'SkillLimits' });
export type SkillLimits = z.infer<typeof SkillLimits>;

/** `skill.json`: what a skill is, takes, gives and may do. */
export const SkillManifest = z
  .strictObject({
    // At /skills/drafts lie the drafts: nobody could look at a skill of that name, nor take it out.
    id: SkillId.refine((id) => id !== 'drafts', 'is taken; choose another name'),
    version: Version,
    description: z.string().min(1).max(1024),
    language: SkillLanguage,
    entry: BundlePath.meta({ description: 'The file that exports the function', example: 'scripts/main.js' }),
    input: JsonObject.meta({ description: 'JSON Schema (2020-12) of the input' }),
    output: JsonObject.meta({ description: 'JSON Schema (2020-12) of the output' }),
    permissions: SkillPermissions.prefault({}),
    limits: SkillLimits.prefault({}),
  })
  .meta({ id: 'SkillManifest' });
export type SkillManifest = z.infer<typeof SkillManifest>;
