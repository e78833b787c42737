import { existsSync } from 'node:fs';

import { readConfig } from '../domain/config/parse.ts';
import type { Config, ConfigProblem } from '../domain/config/parse.ts';
import { homePaths } from '../domain/config/paths.ts';
import { problemsTogether } from '../domain/config/together.ts';
import { TalosError } from '../domain/errors.ts';
import { findModeProblems } from '../infra/genesis.ts';
import { findInstance } from '../infra/instance.ts';
import type { CliDeps } from './command.ts';
import { good, reasonOf } from './doctor-row.ts';
import type { DoctorRow } from './doctor-row.ts';
import { wasStarted } from './started-home.ts';

/** The configuration with a row per problem; without a configuration nothing else can be looked at. */
export function checkConfig(deps: CliDeps): { rows: DoctorRow[]; config?: Config } {
  try {
    const result = readConfig(deps.environment());
    if ('problems' in result) return { rows: result.problems.map(rowOf) };
    const { config } = result;
    homePaths(config);
    const rows = problemsTogether(config).map(rowOf);
    return { rows: rows.length === 0 ? [good('configuration', 'valid')] : rows, config };
  } catch (error) {
    return { rows: [{ check: 'configuration', state: 'bad', detail: reasonOf(error), fix: mendOf(error) }] };
  }
}

function rowOf({ variable, problem, example }: ConfigProblem): DoctorRow {
  return { check: 'configuration', state: 'bad', detail: `${variable} ${problem}`, fix: `${variable}=${example}` };
}

/** The command where there is one, else what to correct: a setting, or a line of the file that holds them. */
function mendOf(thrown: unknown): string {
  const { fix, field = 'the configuration', line } = thrown instanceof TalosError ? thrown.details : {};
  if (fix !== undefined) return String(fix);
  return line === undefined ? `correct ${field}` : `correct line ${line} of ${field}`;
}

/** The directories of the home with their modes, and whether a password is set. */
export function checkHome(config: Config): DoctorRow[] {
  const paths = homePaths(config);
  const { home, envFile } = paths;
  if (!wasStarted(paths)) {
    return [{ check: 'home', state: 'bad', detail: `Talos was never started in ${home}`, fix: 'talos up' }];
  }
  const problems = findModeProblems(home).map(({ path, problem, fix }) => ({
    check: 'home',
    state: 'bad' as const,
    detail: `${path} ${problem}`,
    fix,
  }));
  return [...(problems.length === 0 ? [good('home', home)] : problems), ...checkPassword(config, envFile)];
}

/** Nothing where the file of the settings is missing, which has its own finding: the start that makes it makes a password. */
function checkPassword(config: Config, envFile: string): DoctorRow[] {
  if (config.web.password !== undefined) return [good('password', 'set')];
  if (!existsSync(envFile)) return [];
  const fix = `BASIC_AUTH_PASS=... in ${envFile}`;
  return [{ check: 'password', state: 'bad', detail: 'BASIC_AUTH_PASS is not set', fix }];
}

/** The processes `talos up` started. */
export function checkProcesses(config: Config): DoctorRow[] {
  const instance = findInstance(homePaths(config).supervisorState);
  if (instance === undefined) return [{ check: 'talos', state: 'bad', detail: 'is not running', fix: 'talos up' }];
  const rows = instance.children.map(({ name, state, restarts, reason }): DoctorRow => {
    const detail = [
      state,
      ...(restarts > 0 ? [`${restarts} restarts`] : []),
      ...(reason === undefined ? [] : [reason]),
    ];
    const check = `process ${name}`;
    if (state === 'ready') return good(check, detail.join(', '));
    const isNeeded = name !== 'ollama';
    return {
      check,
      state: isNeeded ? 'bad' : 'warning',
      detail: detail.join(', '),
      fix: `talos logs, or talos down and talos up`,
    };
  });
  return [good('talos', `${instance.phase} at ${instance.address}`), ...rows];
}
