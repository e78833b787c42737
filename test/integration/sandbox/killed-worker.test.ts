import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { describe, expect, it } from 'vitest';

import { killOrphans } from '../../../adapters/sandbox/owner-mark.ts';
import { identify, isAlive, parseProcStat, type ProcessIdentity } from '../../../infra/process-identity.ts';

const program = fileURLToPath(new URL('./worker-process.ts', import.meta.url));

describe('a worker that is killed', () => {
  it.each(['cgroups', 'rlimits'])('leaves nothing of its sandboxes, with %s', async (limits) => {
    const worker = spawn(process.execPath, [program, limits], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(worker.stdout, 'data');
    const started = descendantsOf(worker.pid ?? 0);
    expect(started.length).toBeGreaterThanOrEqual(4); // two bwrap, two Node in them
    worker.kill('SIGKILL');
    await once(worker, 'close');
    await expect.poll(() => started.filter(isAlive), { timeout: 5000 }).toEqual([]);
  });

  it.each([150, 400, 650, 900])(
    'leaves nothing that a later process could not find, even %i ms after its start',
    async (ms) => {
      const worker = spawn(process.execPath, [program, 'rlimits'], { stdio: 'ignore' });
      setTimeout(() => worker.kill('SIGKILL'), ms);
      await once(worker, 'close');
      killOrphans();
      await expect.poll(() => marked(`talos_sandbox_${worker.pid}_`), { timeout: 5000 }).toEqual([]);
    },
  );
});

function descendantsOf(root: number): ProcessIdentity[] {
  const parents = new Map(processes().map((pid) => [pid, parentOf(pid)]));
  const isBelow = (pid: number | undefined): boolean =>
    pid !== undefined && pid > 1 && (pid === root || isBelow(parents.get(pid)));
  const below = [...parents.keys()].filter((pid) => pid !== root && isBelow(pid));
  return below.flatMap((pid) => identify(pid) ?? []);
}

function marked(mark: string): number[] {
  return processes().filter((pid) => {
    const [command, stat] = [read(`/proc/${pid}/cmdline`), parseProcStat(read(`/proc/${pid}/stat`))];
    return command.includes(mark) && stat?.state !== 'Z';
  });
}

function processes(): number[] {
  return readdirSync('/proc').map(Number).filter(Number.isInteger);
}

function parentOf(pid: number): number | undefined {
  const stat = read(`/proc/${pid}/stat`);
  return stat === '' ? undefined : Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return ''; // gone meanwhile
  }
}
