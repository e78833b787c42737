import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { describe, expect, it, vi } from 'vitest';
import { scratchFolder } from '../../support/scratch-folder.ts';

import { isRunning, patience, pidIn } from './fake-child.ts';

const program = join(import.meta.dirname, 'supervisor-process.ts');

/** Starts a supervisor in a process of its own and tells all process numbers that must be gone in the end. */
async function startSupervisor(...options: string[]) {
  const folder = scratchFolder();
  const supervisor = spawn(process.execPath, [program, folder, ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface(supervisor.stdout), 'line')) as [string];
  const children = await Promise.all(['child', 'grandchild', 'escaped'].map((name) => pidIn(join(folder, name))));
  const guard = Number(line.replace('guard ', ''));
  return { supervisor, guard, children, all: [supervisor.pid ?? 0, guard, ...children] };
}

/** The process numbers of the living guards of a supervisor. */
function guardsOf(supervisor = 0): string[] {
  const children = readFileSync(`/proc/${supervisor}/task/${supervisor}/children`, 'utf8').trim().split(' ');
  return children.filter(
    (pid) => isRunning(Number(pid)) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('talos-guard'),
  );
}

async function expectNothingLeft(pids: readonly number[]): Promise<void> {
  await vi.waitFor(() => expect(pids.filter(isRunning)).toEqual([]), patience);
}

describe('nothing is orphaned', () => {
  it('after kill -9 of the supervisor, not even what left its process group', async () => {
    const { supervisor, all, children } = await startSupervisor();
    expect(children.every(isRunning)).toBe(true);
    supervisor.kill('SIGKILL');
    await expectNothingLeft(all);
  });

  it.each(['SIGTERM', 'SIGHUP', 'SIGINT'] as const)('after an orderly stop on %s', async (signal) => {
    const { supervisor, all } = await startSupervisor('stop-on-signal');
    supervisor.kill(signal);
    const [code] = (await once(supervisor, 'exit')) as [number | null];
    expect(code).toBe(0);
    await expectNothingLeft(all);
  });

  it('after a signal nobody handles', async () => {
    const { supervisor, all } = await startSupervisor();
    supervisor.kill('SIGHUP');
    await expectNothingLeft(all);
  });

  it('after the guard was killed first and the supervisor later', async () => {
    const { supervisor, guard, all } = await startSupervisor();
    process.kill(guard, 'SIGKILL');
    await vi.waitFor(
      () => expect(guardsOf(supervisor.pid)).toEqual([expect.not.stringMatching(`^${guard}$`)]),
      patience,
    );
    supervisor.kill('SIGKILL');
    await expectNothingLeft(all);
  });
});
