import { readdir, readFile } from 'node:fs/promises';

import { markVariable, parseMark, type SupervisorMark } from '../../domain/night/supervisor-mark.ts';

/** A process that carries the mark of a supervisor. */
export type MarkedProcess = {
  readonly pid: number;
  readonly startedAt: string;
  readonly text: string;
  readonly mark: SupervisorMark;
};

/** The processes of this machine, of this process namespace and as far as this user may see, that carry a mark. */
export async function markedProcesses(): Promise<MarkedProcess[]> {
  const found: MarkedProcess[] = [];
  for (const entry of await readdir('/proc').catch(() => [])) {
    if (!/^\d+$/.test(entry)) continue;
    const text = markIn(await read(`/proc/${entry}/environ`));
    const mark = text === undefined ? undefined : parseMark(text);
    const startedAt = await startTime(Number(entry));
    if (text === undefined || mark === undefined || startedAt === undefined) continue;
    if (await isInOurNamespace(entry)) found.push({ pid: Number(entry), startedAt, text, mark });
  }
  return found;
}

/** The mark this process itself carries. */
export async function ownSupervisorMark(): Promise<string | undefined> {
  return markIn(await read('/proc/self/environ'));
}

/** Whether a guard still sees to the end of what carries a mark. */
export async function hasGuard(mark: string): Promise<boolean> {
  for (const entry of await readdir('/proc').catch(() => [])) {
    if (!/^\d+$/.test(entry)) continue;
    const words = (await read(`/proc/${entry}/cmdline`)).split('\0');
    if (words[3] === 'talos-guard' && words[4] === `${markVariable}=${mark}`) return true;
  }
  return false;
}

/** When a living process started, in clock ticks since boot. */
export async function startTime(pid: number): Promise<string | undefined> {
  const stat = await read(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' ? undefined : fields[19];
}

function markIn(environ: string): string | undefined {
  const name = `${markVariable}=`;
  return environ
    .split('\0')
    .find((variable) => variable.startsWith(name))
    ?.slice(name.length);
}

/** Only there do process numbers in a mark mean what they mean here. */
async function isInOurNamespace(pid: string): Promise<boolean> {
  const numbers = /^NSpid:\t(.*)$/m.exec(await read(`/proc/${pid}/status`))?.[1];
  return (numbers ?? pid).trim() === pid;
}

async function read(path: string): Promise<string> {
  return await readFile(path, 'latin1').catch(() => ''); // gone meanwhile, somebody else's, or there is no /proc
}
