import { z } from 'zod';

import type { SandboxVerdict } from './run.ts';

const words = (limit: number) => z.string().max(limit).optional().catch(undefined);

/** What a skill says of its own failure. It may lie: this only words the reason and never makes an `ok`. */
export const SkillFault = z.object({
  name: z.string().max(200).catch('Error'),
  message: z.string().max(4000).catch(''),
  code: words(200),
  syscall: words(200),
  path: words(2000),
  /** What it last tried to reach, where its language tells. */
  attempt: z.enum(['process', 'network']).optional().catch(undefined),
});
export type SkillFault = z.infer<typeof SkillFault>;

/** How the program in a sandbox ended, as the kernel told the host. */
export type SandboxEnd = {
  /** Exit code; 128 + n after signal n, as shells count. */
  readonly code: number;
  /** Whether the kernel ended it for its memory; undefined where nobody counts. */
  readonly wasOutOfMemory?: boolean;
  /** Whether a process or thread was refused to it; undefined where nobody counts. */
  readonly wasOutOfProcesses?: boolean;
  /** Whether it was ended for making too many files; undefined where nobody counts. */
  readonly wasOutOfFiles?: boolean;
  /** Whether nobody can tell how it ended, because what ran it is gone. */
  readonly wasLost?: boolean;
  readonly cpuMs?: number;
  readonly peakBytes?: number;
};

/** A verdict with its reason, for people. */
export type Finding = { readonly verdict: SandboxVerdict; readonly reason: string };

const codes: Readonly<Record<string, SandboxVerdict>> = {
  ENOSPC: 'disk-limit',
  EDQUOT: 'disk-limit',
  EFBIG: 'disk-limit',
  EMFILE: 'fd-limit',
  ENFILE: 'fd-limit',
  ENOMEM: 'oom',
  ERR_WORKER_OUT_OF_MEMORY: 'oom',
  ERR_WORKER_INIT_FAILED: 'pids',
  ERR_MEMORY_ALLOCATION_FAILED: 'oom',
  ENETUNREACH: 'network-denied',
  EHOSTUNREACH: 'network-denied',
  ENETDOWN: 'network-denied',
  EADDRNOTAVAIL: 'network-denied',
  EAFNOSUPPORT: 'network-denied',
  EPROTONOSUPPORT: 'network-denied',
  ESOCKTNOSUPPORT: 'network-denied',
  ECONNREFUSED: 'network-denied',
  ENOTFOUND: 'network-denied',
  EAI_AGAIN: 'network-denied',
  EAI_FAIL: 'network-denied',
  EROFS: 'fs-denied',
};

const memoryText =
  /out of memory|Array buffer allocation failed|Unable to grow instance memory|could not allocate memory|Cannot allocate memory|bad_alloc/i;
const processCalls = /^(spawn|fork|vfork|clone|exec|posix_spawn|uv_spawn)/;
const networkCalls = /^(connect|bind|listen|socket|send|sendto|sendmsg|getaddrinfo|query\w+|getHostByAddr)\b/;
const refusals = new Set(['EPERM', 'EACCES', 'EAGAIN', 'ENOSYS']);
/** What a skill may write to, and where it starts; a path elsewhere is one of the machine's. */
const ownFolder = /^\/tmp(\/|$)/;

/** The verdict on a skill that reported an error. */
export function classifyFault(fault: SkillFault): Finding {
  return { verdict: verdictOn(fault), reason: `${fault.name}: ${fault.message}`.slice(0, 1000) };
}

/** The first that fits decides. */
const rules: readonly (readonly [SandboxVerdict, (fault: SkillFault) => boolean])[] = [
  ['oom', ({ name, message }) => name === 'MemoryError' || (name === 'RangeError' && memoryText.test(message))],
  // what Python says when it gets no thread
  ['pids', ({ name, message }) => name === 'RuntimeError' && message === "can't start new thread"],
  ['pids', (fault) => triesProcess(fault) && fault.code === 'EAGAIN'],
  ['process-denied', (fault) => triesProcess(fault) && (isRefused(fault) || fault.code === 'ENOENT')],
  ['network-denied', (fault) => fault.name === 'gaierror' || (triesNetwork(fault) && isRefused(fault))],
  ['fs-denied', (fault) => isOfMachine(fault) && (isRefused(fault) || fault.code === 'ENOENT')],
  ['pids', ({ code }) => code === 'EAGAIN'],
  ['privilege-denied', ({ code, path }) => path === undefined && (code === 'EPERM' || code === 'EACCES')],
];

function verdictOn(fault: SkillFault): SandboxVerdict {
  const { code } = fault;
  const byCode = code !== undefined && Object.hasOwn(codes, code) ? codes[code] : undefined;
  return byCode ?? rules.find(([, fits]) => fits(fault))?.[0] ?? 'exception';
}

function isRefused({ code }: SkillFault): boolean {
  return code !== undefined && refusals.has(code);
}

function isOfMachine({ path }: SkillFault): boolean {
  if (path === undefined) return false;
  if (path.startsWith('/')) return !ownFolder.test(path) || path.split('/').includes('..');
  let depth = 0;
  return path.split('/').some((part) => {
    if (part === '..') depth -= 1;
    else if (part !== '' && part !== '.') depth += 1;
    return depth < 0;
  });
}

function triesProcess({ attempt, syscall }: SkillFault): boolean {
  return attempt === 'process' || (syscall !== undefined && processCalls.test(syscall));
}

/** What fails at a path has not failed at a socket, though one may have been made before, as event loops do. */
function triesNetwork({ attempt, syscall, path }: SkillFault): boolean {
  return (attempt === 'network' && path === undefined) || (syscall !== undefined && networkCalls.test(syscall));
}

const bySignal: Readonly<Record<number, Finding>> = {
  24: { verdict: 'timeout', reason: 'it used up its processor time' },
  25: { verdict: 'disk-limit', reason: 'it wrote a file that is too large' },
  31: { verdict: 'privilege-denied', reason: 'it made a system call that is not allowed' },
};

/** What the host itself has seen, whatever the program says of its end. */
const counts: readonly (readonly [keyof SandboxEnd, Finding])[] = [
  ['wasLost', { verdict: 'infrastructure', reason: 'what ran it is gone' }],
  ['wasOutOfMemory', { verdict: 'oom', reason: 'it used more memory than it may' }],
  ['wasOutOfFiles', { verdict: 'disk-limit', reason: 'it made more files than it may' }],
];

/** The verdict on a program that ended by itself without an answer. `log` is the newest it wrote. */
export function classifyEnd(end: SandboxEnd, log: string): Finding {
  const counted = counts.find(([count]) => end[count] === true);
  if (counted !== undefined) return counted[1];
  if (end.code === 0) return { verdict: 'invalid-output', reason: 'it ended without an answer' };
  const signal = end.code > 128 ? end.code - 128 : 0;
  const bySelf = bySignal[signal];
  if (bySelf !== undefined) return bySelf;
  if (memoryText.test(log) || /heap limit|Allocation failed|MemoryError/.test(log))
    return { verdict: 'oom', reason: 'it could get no more memory' };
  // the host did not send this one, so it was the kernel, short of memory
  if (signal === 9 && end.wasOutOfMemory === undefined) return { verdict: 'oom', reason: 'the kernel killed it' };
  if (end.wasOutOfProcesses === true) return { verdict: 'pids', reason: 'it started more threads than it may' };
  return {
    verdict: 'crash',
    reason: signal === 0 ? `it ended with code ${end.code} without an answer` : `it died of signal ${signal}`,
  };
}
