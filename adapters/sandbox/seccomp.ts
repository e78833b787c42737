import { constants } from 'node:os';

import {
  allowedCalls,
  deviceRequests,
  mapFlags,
  messageCalls,
  outOfBand,
  processRequests,
  threadFlag,
  unixSockets,
} from '../../domain/sandbox/system-calls.ts';

/** Machines whose system calls we know. */
export type Machine = 'x64' | 'arm64';

/*
 * Classic BPF, as seccomp(2) takes it: struct sock_filter { u16 code; u8 jt; u8 jf; u32 k }, little-endian on both machines. It reads
 * struct seccomp_data { int nr; u32 arch; u64 instruction_pointer; u64 args[6] }.
 */
type Step = readonly [code: number, k: number, ifTrue?: number, ifFalse?: number];

const load = 0x20;
const ifEqual = 0x15;
const ifAtLeast = 0x35;
const ifAnyBit = 0x45;
const give = 0x06;

const numberAt = 0;
const machineAt = 4;
const argumentAt = (index: number): number => 16 + 8 * index;

const { EACCES, ENOMEM, ENOSYS, ENOTTY, EPERM } = constants.errno;
const allow: Step = [give, 0x7fff_0000];
const kill: Step = [give, 0x8000_0000];
const refuse = (errno: number): Step => [give, 0x0005_0000 | errno];

/** AUDIT_ARCH_X86_64 and AUDIT_ARCH_AARCH64 (linux/audit.h). */
const machineWords = { x64: 0xc000_003e, arm64: 0xc000_00b7 } as const satisfies Record<Machine, number>;
/** From here on x86_64 has the numbers of the x32 machine, which would go round the list. */
const x32 = 0x4000_0000;

const numbers = {
  clone: [56, 220],
  clone3: [435, 435],
  ioctl: [16, 29],
  mmap: [9, 222],
  prctl: [157, 167],
  socket: [41, 198],
  socketpair: [53, 199],
} as const;

/** Memory the limits of a process count, or of a file. */
const countedMemory: readonly Step[] = [
  [load, argumentAt(3)],
  [ifAnyBit, mapFlags.growsDown, 2, 0],
  [ifAnyBit, mapFlags.anonymous, 0, 2],
  [ifAnyBit, mapFlags.shared, 0, 1],
  refuse(ENOMEM),
  allow,
];

/** The filter for one machine: what a runtime needs, threads but no processes, no sockets but pairs. The kernel takes it as it is. */
export function seccompFilter(machine: Machine): Buffer {
  const column = machine === 'x64' ? 0 : 1;
  const steps: Step[] = [
    [load, machineAt],
    [ifEqual, machineWords[machine], 1, 0],
    kill,
    [load, numberAt],
    ...(machine === 'x64' ? ([[ifAtLeast, x32, 0, 1], kill] as const) : []),
    ...when(numbers.clone[column], [[load, argumentAt(0)], [ifAnyBit, threadFlag, 0, 1], allow, refuse(EPERM)]),
    // its flags lie in memory, where a filter cannot look; without it C libraries fall back to clone
    ...when(numbers.clone3[column], [refuse(ENOSYS)]),
    ...when(numbers.mmap[column], countedMemory),
    ...when(numbers.socket[column], [refuse(EACCES)]),
    ...when(numbers.socketpair[column], oneOf(0, [unixSockets], EACCES)),
    ...messageCalls.flatMap((call) =>
      when(call.numbers[column], [[load, argumentAt(call.flagsAt)], [ifAnyBit, outOfBand, 0, 1], refuse(EPERM), allow]),
    ),
    ...when(numbers.ioctl[column], oneOf(1, deviceRequests, ENOTTY)),
    ...when(numbers.prctl[column], oneOf(0, processRequests, EPERM)),
    ...Object.values(allowedCalls).flatMap((row) => {
      const number = row[column];
      return number === undefined ? [] : when(number, [allow]);
    }),
    refuse(EPERM),
  ];
  return Buffer.concat(steps.map(encode));
}

/** Steps for one system call; they have to end it. */
function when(number: number, steps: readonly Step[]): readonly Step[] {
  return [[ifEqual, number, 0, steps.length], ...steps];
}

function oneOf(argument: number, values: readonly number[], errno: number): readonly Step[] {
  const checks = values.flatMap((value): Step[] => [[ifEqual, value, 0, 1], allow]);
  return [[load, argumentAt(argument)], ...checks, refuse(errno)];
}

function encode([code, k, ifTrue = 0, ifFalse = 0]: Step): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt16LE(code, 0);
  bytes.writeUInt8(ifTrue, 2);
  bytes.writeUInt8(ifFalse, 3);
  bytes.writeUInt32LE(k >>> 0, 4);
  return bytes;
}
