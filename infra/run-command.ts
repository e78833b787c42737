import { execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';

import { markVariable } from '../domain/night/supervisor-mark.ts';
import { startGuard } from './guard.ts';
import { identify, signalGroup } from './process-identity.ts';

/** How a command runs. */
export type CommandOptions = {
  /** Ends the command with everything it started. */
  readonly signal: AbortSignal;
  /** Variables beside the inherited ones. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly onLine?: (line: string) => void;
};

/** How a command ended: its exit code, undefined when it could not be run or was killed, and its newest lines. */
export type CommandResult = { readonly code: number | undefined; readonly tail: readonly string[] };

const tailLines = 12;
const killAfterMs = 5000;
const probeTimeoutMs = 15_000;

/** The path of a program of this machine; system folders count even where the user's PATH lacks them. */
export async function findProgram(name: string): Promise<string | undefined> {
  const search = 'PATH="${PATH:+$PATH:}/usr/local/sbin:/usr/sbin:/sbin"; command -v "$1"';
  const found = (await askProgram('/bin/sh', ['-c', search, 'sh', name]))?.trim();
  return found?.startsWith('/') ? found : undefined;
}

/** All that a short command prints; undefined when it fails. */
export async function askProgram(program: string, args: readonly string[]): Promise<string | undefined> {
  return await new Promise((resolve) => {
    execFile(program, args, { timeout: probeTimeoutMs, killSignal: 'SIGKILL' }, (error, stdout, stderr) =>
      resolve(error === null ? stdout + stderr : undefined),
    );
  });
}

/** Runs a long command in a process group of its own; nothing of it is left when it is aborted or this process dies. */
export async function runCommand(
  program: string,
  args: readonly string[],
  options: CommandOptions,
): Promise<CommandResult> {
  options.signal.throwIfAborted();
  const mark = randomUUID();
  const guard = startGuard(mark);
  const variables = Object.entries({ ...options.env, [markVariable]: mark }).map(([name, value]) => `${name}=${value}`);
  const child = spawn('/usr/bin/env', [...variables, program, ...args], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  const identity = child.pid === undefined ? undefined : identify(child.pid);
  if (identity !== undefined) guard.watch(identity, 'SIGTERM');
  const tail: string[] = [];
  const hear = (line: string): void => {
    tail.push(line);
    if (tail.length > tailLines) tail.shift();
    options.onLine?.(line);
  };
  child.stdout.on('data', lineSplitter(hear));
  child.stderr.on('data', lineSplitter(hear));
  const stopKilling = killWhenAborted(child.pid, options.signal);
  try {
    const code = await new Promise<number | undefined>((resolve) => {
      child.once('error', () => resolve(undefined));
      child.once('close', (ended) => resolve(ended ?? undefined));
    });
    options.signal.throwIfAborted();
    return { code, tail };
  } finally {
    stopKilling();
    guard.close();
  }
}

function killWhenAborted(group: number | undefined, signal: AbortSignal): () => void {
  if (group === undefined) return () => undefined;
  let timer: NodeJS.Timeout | undefined;
  const kill = (): void => {
    signalGroup(group, 'SIGTERM');
    timer = setTimeout(() => signalGroup(group, 'SIGKILL'), killAfterMs);
  };
  signal.addEventListener('abort', kill, { once: true });
  return () => {
    signal.removeEventListener('abort', kill);
    clearTimeout(timer);
  };
}

/** Calls back with each line that holds something; a carriage return ends a line, too. */
function lineSplitter(onLine: (line: string) => void): (chunk: Buffer) => void {
  let begun = '';
  return (chunk) => {
    const lines = (begun + chunk.toString('utf8')).split(/[\r\n]+/);
    begun = (lines.pop() ?? '').slice(-4096);
    for (const line of lines) if (line.trim() !== '') onLine(line.trim());
  };
}
