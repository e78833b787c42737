import { lstat, readdir, realpath, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { type LogFate, type LogFile, logFates, nameAside } from '../../domain/night/log-files.ts';
import type { PhaseContext, PhaseWork } from '../../domain/night/ports.ts';
import { phaseOf, type Tally } from '../../domain/night/tally.ts';
import { isOrphan } from '../sandbox/owner-mark.ts';
import { syncFolder } from '../skill-folder.ts';
import { nameArchive, type NewArchive, packLog, syncArchives } from './log-archive.ts';
import { openFilesBelow } from './open-files.ts';

type Folder = { readonly dir: string; readonly keepDays: number };

type Options = {
  /** The operations and debug logs. The audit log is none of them: it is never touched. */
  readonly folders: readonly Folder[];
  readonly now: () => number;
};

type Step = { readonly context: PhaseContext; readonly tally: Tally };

/** Logs compressed together, so that the disk is synced once for all; few enough for a stop to wait for. */
const togetherFiles = 512;
const togetherBytes = 8_000_000;

/** Compressed at the same time. */
const lanes = 4;

/** Removes logs that are too old and compresses those nobody writes to any more. */
export function createLogsPhase({ folders, now }: Options): PhaseWork {
  return phaseOf(async (context, tally) => {
    // The system tells what is open by where it really lies.
    const real = await Promise.all(folders.map(async (folder) => ({ ...folder, dir: await realPath(folder.dir) })));
    const open = await openFilesBelow(real.map(({ dir }) => dir));
    for (const folder of real) await tidy(folder, { open, now: now() }, { context, tally });
  });
}

async function tidy(
  { dir, keepDays }: Folder,
  { open, now }: { open: ReadonlySet<string>; now: number },
  step: Step,
): Promise<void> {
  await removeHalfMade(dir);
  const files = await listFiles(dir, open);
  const fates = logFates(files, { keepDays, now, today: localDate(now) });
  const having = (fate: LogFate) => files.filter(({ name }) => fates.get(name) === fate);
  await removeOld(dir, having('remove'), step); // first, as it makes room
  const aside = await putAside(dir, having('rename'), step);
  await compress(dir, [...aside, ...having('compress')], step);
}

/** What a run that was killed had not finished. */
async function removeHalfMade(dir: string): Promise<void> {
  for (const name of await namesIn(dir)) {
    if (name.startsWith('.') && name.endsWith('.gz') && isOrphan(name)) await rm(join(dir, name), { force: true });
  }
}

async function listFiles(dir: string, open: ReadonlySet<string>): Promise<LogFile[]> {
  const files: LogFile[] = [];
  for (const name of await namesIn(dir)) {
    const path = join(dir, name);
    const found = await lstat(path).catch(() => undefined); // a process may have removed it just now
    if (found?.isFile() !== true) continue;
    files.push({ name, bytes: found.size, changedAt: found.mtimeMs, isOpen: open.has(path) });
  }
  return files;
}

async function removeOld(dir: string, files: readonly LogFile[], step: Step): Promise<void> {
  const { context, tally } = step;
  for (const { name, bytes } of files) {
    context.signal.throwIfAborted();
    await unlessStuck({ path: join(dir, name), done: 'removed' }, step, async () => {
      await rm(join(dir, name), { force: true });
      tally.add('logsRemoved');
      tally.add('bytesRemoved', bytes);
    });
  }
}

/** Gives files that their writer would overwrite one day a name of their own; a rename loses nothing, whatever is written meanwhile. */
async function putAside(dir: string, files: readonly LogFile[], step: Step): Promise<LogFile[]> {
  const taken = new Set(await namesIn(dir));
  const renamed: LogFile[] = [];
  for (const file of files) {
    const name = nameAside(file, taken);
    await unlessStuck({ path: join(dir, file.name), done: 'put aside' }, step, async () => {
      await rename(join(dir, file.name), join(dir, name));
      taken.add(name);
      renamed.push({ ...file, name });
    });
  }
  return renamed;
}

async function compress(dir: string, files: readonly LogFile[], { context, tally }: Step): Promise<void> {
  let done = 0;
  for (const group of groups(files)) {
    context.signal.throwIfAborted();
    try {
      await compressGroup(dir, group, { context, tally });
    } catch (thrown) {
      context.signal.throwIfAborted();
      if (!isFull(thrown)) throw thrown;
      tally.note(`The disk is full: ${files.length - done} logs in ${dir} stay as they are. Free space.`);
      return;
    }
    done += group.length;
    context.tell(`${done} of ${files.length} logs in ${dir} compressed`);
  }
}

/** The logs of a group are removed only when every archive of it is on the disk for good, and has its name there. */
async function compressGroup(dir: string, group: readonly LogFile[], step: Step): Promise<void> {
  const { context, tally } = step;
  const waiting = [...group];
  const archives: { archive: NewArchive; bytes: number }[] = [];
  const lane = async (): Promise<void> => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const { name, bytes } = file;
      await unlessStuck({ path: join(dir, name), done: 'compressed' }, step, async () => {
        const archive = await packLog(dir, name, context.signal);
        if (archive !== undefined) archives.push({ archive, bytes });
      });
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: lanes }, lane));
  try {
    await syncArchives(
      dir,
      archives.map(({ archive }) => archive),
    );
    for (const { archive } of archives) await nameArchive(dir, archive);
    await syncFolder(dir);
    for (const { archive, bytes } of archives) {
      await rm(join(dir, archive.name), { force: true });
      tally.add('logsCompressed');
      tally.add('bytesCompressed', bytes);
    }
  } finally {
    for (const { archive } of archives) await rm(archive.temporary, { force: true });
  }
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

/** Does something to one file. What is the matter with that file alone is told, and keeps nothing else from being done. */
async function unlessStuck(
  { path, done }: { path: string; done: string },
  { context, tally }: Step,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (thrown) {
    context.signal.throwIfAborted();
    if (isFull(thrown)) throw thrown;
    tally.note(`A log cannot be ${done} (${reasonOf(thrown)}): ${path}`);
  }
}

function* groups(files: readonly LogFile[]): Generator<LogFile[]> {
  let group: LogFile[] = [];
  let bytes = 0;
  for (const file of files) {
    if (group.length > 0 && (group.length >= togetherFiles || bytes + file.bytes > togetherBytes)) {
      yield group;
      [group, bytes] = [[], 0];
    }
    group.push(file);
    bytes += file.bytes;
  }
  if (group.length > 0) yield group;
}

async function namesIn(dir: string): Promise<string[]> {
  return await readdir(dir).catch(() => []); // nothing was ever logged here
}

async function realPath(dir: string): Promise<string> {
  return await realpath(dir).catch(() => dir); // nothing was ever logged here
}

/** As the loggers write dates: by the clock of this machine. */
function localDate(at: number): string {
  const date = new Date(at);
  const two = (part: number) => String(part).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  return 'code' in thrown ? String(thrown.code) : thrown.message;
}

function isFull(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && (thrown.code === 'ENOSPC' || thrown.code === 'EDQUOT');
}
