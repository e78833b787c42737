import { createHash } from 'node:crypto';
import { lstat, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { PhaseWork } from '../../domain/night/ports.ts';
import { phaseOf, type Tally } from '../../domain/night/tally.ts';
import { removeOrphanedCgroups } from '../sandbox/cgroup.ts';
import { removeOrphanedFolders } from '../sandbox/orphaned-folders.ts';
import { killOrphans } from '../sandbox/owner-mark.ts';
import { hasGuard, type MarkedProcess, markedProcesses, ownSupervisorMark, startTime } from './processes.ts';

type Options = {
  /** The folder the children of this home log to; their supervisor marks them with it. */
  readonly logDir: string;
  /** `TALOS_HOME/tmp` */
  readonly tmp: string;
  /** Removes containers older than a moment; absent where sandboxes are no containers. */
  readonly removeContainers?: (before: number) => Promise<number>;
  readonly now: () => number;
};

/** Nothing of ours in a temporary folder of this home is at work for so long. */
const oldMs = 24 * 60 * 60_000;

/** Longer than any container may be by the rules of the socket proxy. */
const containerMs = 60 * 60_000;

/**
 * Ends what processes that are gone have left behind: known by their mark alone, never by what it is called. What belongs to a process that
 * lives, to another home or to somebody else is not touched.
 */
export function createZombiesPhase(options: Options): PhaseWork {
  return phaseOf(async ({ signal }, tally) => {
    tally.add('sandboxesKilled', killOrphans());
    signal.throwIfAborted();
    tally.add('childrenKilled', await killChildren(options.logDir));
    signal.throwIfAborted();
    tally.add('cgroupsRemoved', await removeOrphanedCgroups());
    signal.throwIfAborted();
    tally.add('foldersRemoved', await removeOrphanedFolders(tmpdir()));
    tally.add('foldersRemoved', await removeOrphanedFolders(options.tmp));
    tally.add('foldersRemoved', await removeOld(options.tmp, options.now() - oldMs));
    signal.throwIfAborted();
    await removeContainers(options, tally);
  });
}

/** Kills children of this home whose supervisor is gone, and whose guard, which would have done so, is gone as well. */
async function killChildren(logDir: string): Promise<number> {
  const place = placeOf(logDir);
  const own = await ownSupervisorMark();
  let killed = 0;
  for (const child of await markedProcesses()) {
    const { text, mark } = child;
    if (mark.place !== place || text === own || child.pid === process.pid) continue;
    if ((await startTime(mark.pid)) === mark.startedAt || (await hasGuard(text))) continue;
    if (await kill(child)) killed += 1;
  }
  return killed;
}

/** The same process as was looked at: its number may have been given away meanwhile. */
async function kill({ pid, startedAt }: MarkedProcess): Promise<boolean> {
  if ((await startTime(pid)) !== startedAt) return false;
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    return false; // it has just ended by itself
  }
}

/** As supervisors hash it. */
function placeOf(logDir: string): string {
  return createHash('sha256').update(logDir).digest('hex').slice(0, 12);
}

async function removeOld(dir: string, before: number): Promise<number> {
  let removed = 0;
  for (const name of await readdir(dir).catch(() => [])) {
    const path = join(dir, name);
    const found = await lstat(path).catch(() => undefined); // gone meanwhile
    if (found === undefined || found.mtimeMs >= before) continue;
    await rm(path, { recursive: true, force: true });
    removed += 1;
  }
  return removed;
}

async function removeContainers({ removeContainers: remove, now }: Options, tally: Tally): Promise<void> {
  if (remove === undefined) return;
  try {
    tally.add('containersRemoved', await remove(now() - containerMs));
  } catch (error) {
    tally.note(`Containers could not be looked at: ${error instanceof Error ? error.message : String(error)}`);
  }
}
