import { mkdir } from 'node:fs/promises';

import { TalosError } from '../../domain/errors.ts';
import { askProgram, findProgram, runCommand } from '../run-command.ts';
import type { Edition, Workplace } from './cache.ts';
import type { Step } from './teller.ts';
import { formatVersion, isAtLeast, parseVersion } from './version.ts';
import type { Version } from './version.ts';

const oldestGo: Version = [1, 26, 0];

/** A Go compiler that is new enough, or what to install. */
export type GoCompiler = { readonly program: string } | { readonly lacking: string };

/** Looks for Go. */
export async function findGo(): Promise<GoCompiler> {
  const wanted = 'Go 1.26 or newer (https://go.dev/dl/)';
  const program = await findProgram('go');
  if (program === undefined) return { lacking: wanted };
  const version = parseVersion(((await askProgram(program, ['env', 'GOVERSION'])) ?? '').replace('go', ''));
  if (version !== undefined && isAtLeast(version, oldestGo)) return { program };
  const found = version === undefined ? 'does not tell its version' : `is version ${formatVersion(version)}`;
  return { lacking: `${wanted}; ${program} ${found}` };
}

/** Runs `go` with caches of its own, which end with the workplace: they take gigabytes. */
export async function runGo(
  build: {
    readonly edition: Edition;
    readonly program: string;
    readonly args: readonly string[];
    readonly cgo: boolean;
  },
  place: Workplace,
  step: Step,
): Promise<void> {
  const tmp = `${place.work}/tmp`;
  await mkdir(tmp, { recursive: true });
  step.teller.say('building from source');
  const { code, tail } = await runCommand(build.program, build.args, {
    signal: step.signal,
    cwd: place.work,
    env: {
      GOMODCACHE: `${place.work}/modules`,
      GOCACHE: `${place.work}/cache`,
      GOTMPDIR: tmp,
      GOBIN: `${place.whole}/bin`,
      // A module cache is read-only unless asked otherwise, and then even its owner cannot remove it.
      GOFLAGS: '-buildvcs=false -modcacherw',
      GOWORK: 'off',
      CGO_ENABLED: build.cgo ? '1' : '0',
    },
    onLine: (line) => step.teller.line(line),
  });
  if (code !== 0) throw buildError(build.edition, tail);
}

function buildError({ name, version }: Edition, tail: readonly string[]): TalosError {
  const lines = tail.map((line) => `  ${line}`).join('\n');
  const details = { engine: name };
  if (/checksum mismatch|SECURITY ERROR/.test(lines)) {
    return new TalosError(
      'CHECKSUM_MISMATCH',
      `The source of ${name} ${version} is not what its checksums say; nothing was built:\n${lines}`,
      { details },
    );
  }
  return new TalosError(
    'DOWNLOAD_FAILED',
    `${name} ${version} could not be built; check the connection and the free disk space (6 GB), then try again. Go said:\n${lines}`,
    { details },
  );
}
