import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

import { parseConfig } from '../domain/config/parse.ts';
import type { Environment } from '../domain/config/parse.ts';
import { homePaths } from '../domain/config/paths.ts';
import { TalosError } from '../domain/errors.ts';
import { createWhole } from './files.ts';
import { createNodeKey } from './node-key.ts';

/** Every directory below TALOS_HOME with its mode, parents first. Secrets and data are the owner's alone. */
export const homeTree: readonly (readonly [path: string, mode: number])[] = [
  ['', 0o755],
  ['skills', 0o755],
  ['skills/quarantine', 0o750],
  ['skills/active', 0o755],
  ['skills/deprecated', 0o750],
  ['keys', 0o700],
  ['logs', 0o755],
  ['logs/tier1', 0o750],
  ['logs/tier2', 0o750],
  ['logs/tier3', 0o755],
  ['data', 0o755],
  ['data/redis', 0o700],
  ['data/chromadb', 0o700],
  ['data/temporal', 0o700],
  ['data/ollama', 0o755],
  ['data/images', 0o700],
  ['data/reports', 0o700],
  ['config', 0o755],
  ['backups', 0o750],
  ['run', 0o700],
  ['tmp', 0o1777],
];

/** What genesis made; all of it empty the second time. */
export type GenesisResult = {
  readonly home: string;
  readonly directories: readonly string[];
  readonly nodeKey: boolean;
  readonly envFile: boolean;
  /** The generated password; told this once and never again. */
  readonly password?: string;
};

/** Makes the directory tree, the node key and a first `talos.env` where they are missing. What exists stays as it is. */
export function genesis(env: Environment): GenesisResult {
  const paths = homePaths(parseConfig(env));
  try {
    const directories = homeTree.filter(([path, mode]) => makeDirectory(joinHome(paths.home, path), mode));
    const nodeKey = createNodeKey(paths.nodeKey);
    return {
      home: paths.home,
      directories: directories.map(([path]) => joinHome(paths.home, path)),
      nodeKey,
      ...createEnvFile(paths.envFile, env),
    };
  } catch (error) {
    if (error instanceof TalosError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new TalosError(
      'CONFIG_INVALID',
      `TALOS_HOME ${paths.home} cannot be set up (${reason}); free the place or choose another, for example TALOS_HOME=~/talos`,
      { cause: error, details: { field: 'TALOS_HOME' } },
    );
  }
}

/** A directory of the home whose mode is not as genesis makes it, or that is missing. */
export type ModeProblem = { readonly path: string; readonly problem: string; readonly fix: string };

/** Compares every directory and secret file of the home with what genesis would make. */
export function findModeProblems(home: string): ModeProblem[] {
  const files = [
    ['keys/node.key', 0o600],
    ['config/talos.env', 0o600],
  ] as const;
  return [...homeTree, ...files].flatMap(([relative, mode]) => {
    const path = joinHome(home, relative);
    const actual = statSync(path, { throwIfNoEntry: false })?.mode;
    if (actual === undefined) return [{ path, problem: 'is missing', fix: 'talos up' }];
    const found = actual & 0o7777;
    if (isTightEnough(found, mode)) return [];
    const octal = mode.toString(8);
    return [{ path, problem: `has mode ${found.toString(8)}, not ${octal}`, fix: `chmod ${octal} ${path}` }];
  });
}

/** A mode may be narrower than ours, as long as the owner can still work with it. */
function isTightEnough(found: number, mode: number): boolean {
  const isWider = (found & ~mode) !== 0;
  const ownerLacks = (mode & 0o500 & ~found) !== 0;
  const lacksSticky = (mode & 0o1000) !== 0 && (found & 0o1002) === 0o002;
  return !isWider && !ownerLacks && !lacksSticky;
}

function joinHome(home: string, relative: string): string {
  return relative === '' ? home : `${home}/${relative}`;
}

function makeDirectory(path: string, mode: number): boolean {
  if (existsSync(path)) {
    if (statSync(path).isDirectory()) return false;
    throw new TalosError('CONFIG_INVALID', `${path} is not a directory; move it away, Talos keeps a directory there`, {
      details: { field: 'TALOS_HOME' },
    });
  }
  mkdirSync(dirname(path), { recursive: true });
  mkdirSync(path, { mode: 0o700 });
  chmodSync(path, mode); // the umask must not change it
  return true;
}

function createEnvFile(path: string, env: Environment): { envFile: boolean; password?: string } {
  if (existsSync(path)) return { envFile: false };
  const given = (env['BASIC_AUTH_PASS'] ?? '').trim() !== '';
  const password = randomBytes(18).toString('base64url');
  const created = createWhole(path, firstEnvFile(given ? undefined : password), 0o600);
  return created && !given ? { envFile: true, password } : { envFile: created };
}

function firstEnvFile(password: string | undefined): string {
  const login =
    password === undefined
      ? '# BASIC_AUTH_PASS came from the environment when this file was made.'
      : `BASIC_AUTH_PASS=${password}`;
  return `# Settings of Talos, one NAME=value per line; docs/configuration.md lists them all.
# This file holds secrets: keep its mode at 600. The environment of the process wins over it.

# How to sign in to the API; the user name is admin unless BASIC_AUTH_USER says otherwise.
${login}

# Allows answers by Google Gemini; without a key nothing ever goes to a cloud.
# GEMINI_API_KEY=

# What skills may do without asking, 0 (nothing) to 5.
# TRUST_LEVEL=0
`;
}
