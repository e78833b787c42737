import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

import roll, { type RollStream } from 'pino-roll';

import { logsOfLastDays } from '../domain/night/log-files.ts';

/** A log directory: files of one component that start anew every day and every 10 MB, removed when they are too old. */
export type LogFiles = { readonly write: (line: string) => void; close(): Promise<void> };

type LogFilesOptions = {
  readonly dir: string;
  readonly component: string;
  readonly keepDays: number;
  /** Told once per kind of trouble: a full disk stops the log, never the program. */
  readonly onTrouble: (message: string) => void;
  readonly size?: string;
};

const dayMs = 86_400_000;

/** Opens `<component>.<date>.<number>.log` in a directory and clears it of what is too old, now and at every new file. */
export async function openLogFiles(options: LogFilesOptions): Promise<LogFiles> {
  const { dir, component, keepDays, onTrouble, size = '10m' } = options;
  const clear = () => removeOldLogs(dir, keepDays).catch((error: unknown) => onTrouble(`${dir}: ${reasonOf(error)}`));
  await mkdir(dir, { recursive: true, mode: 0o750 });
  await clear();
  const stream = await roll({
    file: join(dir, component),
    extension: '.log',
    dateFormat: 'yyyy-MM-dd',
    frequency: 'daily',
    size,
    mkdir: true,
    mode: 0o640,
    maxLength: 8 * 1024 * 1024,
  });
  stream.on('ready', () => void clear());
  stream.on('error', (error: unknown) => onTrouble(`${dir}: ${reasonOf(error)}`));
  return { write: (line) => void stream.write(line), close: () => closeStream(stream) };
}

/** Removes log files nothing was written to for that many days; those of as many of the last days of which there are any stay. */
export async function removeOldLogs(dir: string, keepDays: number): Promise<void> {
  const oldest = Date.now() - keepDays * dayMs;
  const logs = await logsIn(dir);
  const lasting = logsOfLastDays(logs, keepDays);
  for (const { name, changedAt } of logs) {
    if (changedAt < oldest && !lasting.has(name)) await rm(join(dir, name), { force: true });
  }
}

async function logsIn(dir: string): Promise<{ name: string; changedAt: number }[]> {
  const logs: { name: string; changedAt: number }[] = [];
  for (const name of await readdir(dir)) {
    if (!/\.log(\.\d+)?(\.gz)?$/.test(name)) continue;
    const found = await stat(join(dir, name)).catch(() => undefined); // another process may have removed it just now
    if (found?.isFile() === true) logs.push({ name, changedAt: found.mtimeMs });
  }
  return logs;
}

function closeStream(stream: RollStream): Promise<void> {
  return new Promise((resolve) => {
    stream.once('close', () => resolve());
    stream.once('error', () => stream.destroy()); // what the disk does not take is lost, and was told
    stream.end();
  });
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
