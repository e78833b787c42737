import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { TalosError } from '../domain/errors.ts';
import { LogLine } from '../domain/log.ts';

/** Which lines are wanted. */
export type LogFilter = { readonly accepts: (line: LogLine) => boolean; readonly lines: number };

/** Read from the end of each file; the newest lines of a busy component may hide older ones of a quiet one, not the reverse. */
const tailBytes = 512 * 1024;

/** The newest lines in the operations log, oldest first. Files that hold no lines of ours are passed over. */
export async function readLogFiles(dir: string, { accepts, lines }: LogFilter): Promise<LogLine[]> {
  const found: LogLine[] = [];
  for (const path of await newestFirst(dir)) {
    const accepted = (await readTail(path)).split('\n').flatMap(parseLine).filter(accepts);
    found.push(...newest(accepted, lines));
  }
  return newest(
    found.toSorted((a, b) => a.time - b.time),
    lines,
  );
}

function newest(lines: readonly LogLine[], count: number): LogLine[] {
  return lines.slice(Math.max(0, lines.length - count));
}

async function newestFirst(dir: string): Promise<string[]> {
  const names = await readdir(dir).catch((cause: unknown) => {
    if (codeOf(cause) === 'ENOENT') return []; // nothing was ever logged here
    throw unreadable(dir, cause);
  });
  const files = names
    .filter((name) => name.endsWith('.log'))
    .map(async (name) => {
      const path = join(dir, name);
      return { path, changedAt: (await stat(path).catch(() => undefined))?.mtimeMs ?? 0 }; // old logs are removed at any time
    });
  return (await Promise.all(files)).toSorted((a, b) => b.changedAt - a.changedAt).map(({ path }) => path);
}

function codeOf(thrown: unknown): unknown {
  return thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
}

function unreadable(path: string, cause: unknown): TalosError {
  const message = `${path} cannot be read (${String(codeOf(cause))}); use the command as the user it belongs to.`;
  return new TalosError('UNAUTHENTICATED', message, { cause });
}

/** Nothing of a file that has gone since it was listed. */
async function readTail(path: string): Promise<string> {
  const file = await open(path, 'r').catch((cause: unknown) => {
    if (codeOf(cause) === 'ENOENT') return undefined;
    throw unreadable(path, cause);
  });
  if (file === undefined) return '';
  try {
    const { size } = await file.stat();
    const start = Math.max(0, size - tailBytes);
    const buffer = Buffer.alloc(size - start);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, start);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}

function parseLine(text: string): LogLine[] {
  try {
    const result = LogLine.safeParse(JSON.parse(text));
    return result.success ? [result.data] : [];
  } catch {
    return []; // a cut line, or the output of an engine
  }
}
