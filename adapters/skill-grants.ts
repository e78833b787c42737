import { readFileSync, statSync } from 'node:fs';

import { z } from 'zod';

import { readEnvFile } from '../domain/config/env-file.ts';
import { TalosError } from '../domain/errors.ts';
import { SkillId } from '../domain/skills/manifest.ts';
import type { GrantedFolders } from './broker/folder.ts';
import type { SecretSource } from './broker/secrets.ts';

/** Folders by skill and by the name its manifest gives them. */
const Grants = z.strictObject({
  folders: z.record(SkillId, z.record(z.string(), z.string().startsWith('/', 'must be a path that starts with /'))),
});
type Grants = z.infer<typeof Grants>;

/** What the owner lends to skills. Read anew whenever it is asked for, so that a revoked grant ends at once. */
export type SkillGrants = {
  readonly secretOf: SecretSource;
  readonly foldersOf: (skill: string) => GrantedFolders;
};

/**
 * Grants in two files of the owner: secrets as NAME=value, readable by nobody else, and folders as JSON. Reading fails with
 * CONFIG_INVALID, and then nothing is lent.
 */
export function createSkillGrants(files: { secrets: string; grants: string }): SkillGrants {
  return {
    secretOf: (name) => readSecrets(files.secrets)[name],
    foldersOf: (skill) => new Map(Object.entries(readGrants(files.grants).folders[skill] ?? {})),
  };
}

function readSecrets(path: string): Readonly<Record<string, string>> {
  const read = readEnvFile(readPrivate(path) ?? '');
  if ('values' in read) return read.values;
  throw unusable(
    path,
    `line ${read.brokenLine} is not NAME=value; a value with a # or a quote in it needs quotes around it`,
  );
}

/** The grants as they are written down; none where there is no file. */
function readGrants(path: string): Grants {
  const text = readIfThere(path);
  if (text === undefined) return { folders: {} };
  const grants = Grants.safeParse(parseJson(text));
  if (grants.success) return grants.data;
  const [issue] = grants.error.issues;
  throw unusable(
    path,
    `${issue?.path.join('.') ?? ''} ${issue?.message ?? 'is not as it should be'}; an example: {"folders":{"file-organiser":{"inbox":"/home/me/Downloads"}}}`,
  );
}

function readPrivate(path: string): string | undefined {
  const mode = statSync(path, { throwIfNoEntry: false })?.mode;
  if (mode === undefined) return undefined;
  if ((mode & 0o177) !== 0) throw unusable(path, `others may read it; run: chmod 600 ${path}`);
  return readIfThere(path);
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw unusable(path, error instanceof Error ? error.message : String(error));
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // the schema then says that it is no object
  }
}

function unusable(path: string, problem: string): TalosError {
  return new TalosError('CONFIG_INVALID', `${path} cannot be used: ${problem}`, { details: { field: path } });
}
