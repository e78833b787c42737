import { existsSync, readFileSync, statSync } from 'node:fs';

import { readEnvFile } from '../domain/config/env-file.ts';
import type { Environment } from '../domain/config/parse.ts';
import { TalosError } from '../domain/errors.ts';
import type { ErrorDetails } from '../domain/errors.ts';

/** The process environment over `TALOS_HOME/config/talos.env`. Blank counts as unset, so a blank variable does not hide the file's. */
export function loadEnvironment(given: Environment): Environment {
  const processEnv = withHome(given);
  const { TALOS_HOME: _onlyFromTheProcess, ...fromFile } = readSettings(envFilePath(processEnv));
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

function readSettings(path: string): Readonly<Record<string, string>> {
  const read = readEnvFile(readPrivateText(path) ?? '');
  if ('values' in read) return read.values;
  const { brokenLine: line } = read;
  const rule = 'a value with a # or a quote in it needs quotes of another kind around it; the file must be UTF-8';
  throw unusable(path, `line ${line} is not NAME=value; mend or remove that line (${rule})`, { line });
}

function readPrivateText(path: string): string | undefined {
  try {
    const stat = statSync(path);
    if (!stat.isFile()) throw unusable(path, 'it is not a file');
    if ((stat.mode & 0o177) !== 0) {
      const fix = `chmod 600 ${path}`;
      throw unusable(path, `others may read or run it (mode ${(stat.mode & 0o777).toString(8)}); run: ${fix}`, { fix });
    }
    return readFileSync(path, 'utf8');
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

function unusable(path: string, problem: string, details: ErrorDetails = {}): TalosError {
  return new TalosError('CONFIG_INVALID', `${path} cannot be used: ${problem}`, {
    details: { field: path, ...details },
  });
}
