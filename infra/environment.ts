import { existsSync, readFileSync, statSync } from 'node:fs';
import { parseEnv } from 'node:util';

import type { Environment } from '../domain/config/parse.ts';
import { TalosError } from '../domain/errors.ts';
import type { ErrorDetails } from '../domain/errors.ts';

/** The process environment over `TALOS_HOME/config/talos.env`. Blank counts as unset, so a blank variable does not hide the file's. */
export function loadEnvironment(given: Environment): Environment {
  const processEnv = withHome(given);
  const { TALOS_HOME: _onlyFromTheProcess, ...fromFile } = readEnvFile(envFilePath(processEnv)) ?? {};
  const fromProcess = Object.entries(processEnv).filter(([, value]) => value !== undefined && value.trim() !== '');
  return { ...fromFile, ...Object.fromEntries(fromProcess) };
}

/** Where `talos.env` lies for this process. */
export function envFilePath(processEnv: Environment): string {
  return `${expand(withHome(processEnv)['TALOS_HOME']?.trim() || '~/talos', processEnv)}/config/talos.env`;
}

/** Whoever clones Talos into the home directory has the program in ~/talos: state does not go in between, unless it lies there already. */
export function withHome(processEnv: Environment): Environment {
  if ((processEnv['TALOS_HOME'] ?? '').trim() !== '') return processEnv;
  const home = expand('~/talos', processEnv);
  const isProgram = existsSync(`${home}/cli/main.ts`) && !existsSync(`${home}/config/talos.env`);
  return isProgram ? { ...processEnv, TALOS_HOME: `${home}-home` } : processEnv;
}

function expand(path: string, { HOME = '/' }: Environment): string {
  return path.startsWith('~/') ? HOME + path.slice(1) : path;
}

function readEnvFile(path: string): Record<string, string | undefined> | undefined {
  const text = readPrivateText(path);
  if (text === undefined) return undefined;
  const line = findBrokenLine(text);
  if (line !== undefined) {
    const rule = 'a value with a # in it needs quotes, since what follows a # is a comment';
    throw unusable(path, `line ${line} is not NAME=value; mend or remove that line (${rule})`, { line });
  }
  return parseEnv(text);
}

function readPrivateText(path: string): string | undefined {
  try {
    const stat = statSync(path);
    if (!stat.isFile()) throw unusable(path, 'it is not a file');
    if ((stat.mode & 0o177) !== 0) {
      const fix = `chmod 600 ${path}`;
      throw unusable(path, `others may read or run it (mode ${(stat.mode & 0o777).toString(8)}); run: ${fix}`, { fix });
    }
    return readFileSync(path, 'utf8').replace(/^\uFEFF/, ''); // an editor's mark would become part of the first name
  } catch (error) {
    if (error instanceof TalosError) throw error;
    if (hasCode(error, 'ENOENT')) return undefined;
    const reason = error instanceof Error ? error.message : String(error);
    throw unusable(path, `it cannot be read (${reason}); make it a file of yours with mode 600`);
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

const assignment = /^\s*(?:export\s+)?[A-Za-z_]\w*\s*=(.*)$/;

/**
 * The number of the first line that is neither blank, a comment, NAME=value, nor inside a quoted value; quotes may span lines. A value that
 * a # would cut short is none: a password would silently be another one.
 */
export function findBrokenLine(text: string): number | undefined {
  let quoted: { by: string; since: number } | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    if (line.includes('\0')) return index + 1;
    if (quoted !== undefined) {
      if (line.includes(quoted.by)) quoted = undefined;
      continue;
    }
    if (/^\s*(#.*)?$/.test(line)) continue;
    const read = readAssignment(line);
    if (read === undefined) return index + 1;
    if (read.opens !== undefined) quoted = { by: read.opens, since: index + 1 };
  }
  return quoted?.since;
}

/** The quote an assignment opens and does not close; undefined for what is none. */
function readAssignment(line: string): { opens?: string } | undefined {
  const value = assignment.exec(line)?.[1];
  if (value === undefined) return undefined;
  const [quote] = /^["'`]/.exec(value.trimStart()) ?? [];
  if (quote === undefined) return isCutShort(value) ? undefined : {};
  return value.trimStart().includes(quote, 1) ? {} : { opens: quote };
}

/** Whether the comment of a line without quotes begins in the middle of its value. */
function isCutShort(value: string): boolean {
  return /^(?:#|[^#]*[^#\s]#)/.test(value);
}

function unusable(path: string, problem: string, details: ErrorDetails = {}): TalosError {
  return new TalosError('CONFIG_INVALID', `${path} cannot be used: ${problem}`, {
    details: { field: path, ...details },
  });
}
