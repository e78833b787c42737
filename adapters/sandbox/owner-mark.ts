import { readdirSync, readFileSync } from 'node:fs';

/**
 * What a process leaves on the machine carries its mark: its number and when it started, so that a later process can tell what belongs
 * to nobody any more.
 */
const form = /talos_sandbox_(\d+)_(\d+)/;

/** The mark of this process. */
export function ownMark(): string {
  return `talos_sandbox_${process.pid}_${startOf(process.pid) ?? 0}`;
}

/** Whether a name carries the mark of a process that is gone. */
export function isOrphan(name: string): boolean {
  const [, pid, start] = form.exec(name) ?? [];
  return pid !== undefined && startOf(Number(pid)) !== start;
}

/** Kills sandboxes whose owner died before they could notice; the kernel ends all others with their owner. */
export function killOrphans(): void {
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      if (isOrphan(readFileSync(`/proc/${entry}/cmdline`, 'latin1'))) process.kill(Number(entry), 'SIGKILL');
    } catch {
      // it has ended meanwhile, or belongs to somebody else
    }
  }
}

/** When a process started, in clock ticks since boot. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}
