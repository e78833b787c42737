import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { vi } from 'vitest';

import type { ChildSpec } from '../../../infra/engines/engine.ts';

/** A child that runs a shell script; it is ready once `<folder>/<name>.ready` exists. */
export function fakeChild(folder: string, name: string, script: string): ChildSpec {
  const readyFile = join(folder, `${name}.ready`);
  return {
    name,
    command: '/bin/sh',
    args: ['-c', script],
    env: { FOLDER: folder, READY: readyFile },
    stopSignal: 'SIGTERM',
    stopGraceMs: 10_000,
    readyTimeoutMs: 10_000,
    ready: () => Promise.resolve(existsSync(readyFile)),
  };
}

/** The process number a script wrote to a file, as soon as it is there. */
export async function pidIn(path: string): Promise<number> {
  return await vi.waitFor(() => {
    const pid = Number(readFileSync(path, 'utf8'));
    if (!(pid > 0)) throw new Error(`no process number in ${path}`);
    return pid;
  }, patience);
}

/** How long a test waits for an event at most; it goes on as soon as the event is there. */
export const patience = { timeout: 30_000, interval: 20 };

/** Whether a process lives; a zombie does not. */
export function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !['Z', 'X'].includes(stat.slice(stat.lastIndexOf(')') + 2)[0] ?? 'X');
  } catch {
    return false;
  }
}
