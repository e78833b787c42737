import { existsSync, readdirSync, readFileSync } from 'node:fs';

/**
 * What a process leaves on the machine carries its mark: its number and when it started, so that a later process can tell what belongs
 * to nobody any more.
 */
const form = /talos_[a-z]+_(\d+)_(\d+)/;

/** Stands for a start that the system does not tell of, as without /proc. */
const unknownStart = '0';

/** What a mark stands on: sandboxes and their folders and groups, the trap they are tried on, clones of skills, half-made archives. */
export type MarkKind = 'sandbox' | 'proof' | 'git' | 'log';

/** Programs a sandbox is before its runtime takes its place. */
const sandboxPrograms = ['sh', 'bwrap'];

/** The mark of this process. */
export function ownMark(kind: MarkKind = 'sandbox'): string {
  return `talos_${kind}_${process.pid}_${startOf(process.pid) ?? unknownStart}`;
}

/** Whether a name carries the mark of a process that is gone. */
export function isOrphan(name: string): boolean {
  const [, pid, start] = form.exec(name) ?? [];
  if (pid === undefined) return false;
  return start === unknownStart ? !isAlive(Number(pid)) : startOf(Number(pid)) !== start;
}

/** Kills sandboxes whose owner died before they could notice, and tells how many; the kernel ends all others with their owner. */
export function killOrphans(): number {
  let killed = 0;
  for (const entry of processNumbers()) {
    try {
      if (isOrphanedSandbox(entry) && process.kill(Number(entry), 'SIGKILL')) killed += 1;
    } catch {
      // it has ended meanwhile, or belongs to somebody else
    }
  }
  return killed;
}

/** Only the exact place of the mark among the arguments of a sandbox counts, so that nobody is killed for speaking of one. */
function isOrphanedSandbox(pid: string): boolean {
  const words = readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0');
  const mark = words[words.indexOf('--unsetenv') + 1] ?? '';
  if (!/^talos_sandbox_\d+_\d+$/.test(mark) || !isOrphan(mark)) return false;
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  const program = /^Name:\t(.*)$/m.exec(status)?.[1] ?? '';
  const numbers = /^NSpid:\t(.*)$/m.exec(status)?.[1]?.split('\t') ?? [pid];
  return sandboxPrograms.includes(program) && isOfThisNamespace(numbers);
}

/**
 * The number in a mark means something only in the process namespace it comes from. Takes the numbers of a process from ours inwards: one,
 * or a second that says that it is the first process of a sandbox.
 */
function isOfThisNamespace(numbers: readonly string[]): boolean {
  return numbers.length === 1 || (numbers.length === 2 && numbers[1] === '1');
}

/** None where there is no /proc: there are no such sandboxes then. */
function processNumbers(): string[] {
  if (!existsSync('/proc')) return [];
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name));
}

/** Somebody else's process lives, too. */
function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (thrown) {
    return thrown instanceof Error && 'code' in thrown && thrown.code === 'EPERM';
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
