import { constants } from 'node:os';

import { describe, expect, it } from 'vitest';

import { type Machine, seccompFilter } from '../../../../adapters/sandbox/seccomp.ts';
import { allowedCalls } from '../../../../domain/sandbox/system-calls.ts';

const machineWords = { x64: 0xc000_003e, arm64: 0xc000_00b7 } as const;
const { EACCES, ENOMEM, ENOSYS, ENOTTY, EPERM } = constants.errno;
const allowed = 0x7fff_0000;
const killed = 0x8000_0000;
const refused = (errno: number) => 0x0005_0000 | errno;

type Call = { number: number; args?: readonly number[]; machine?: number };

/** Does what the kernel does with the filter. */
function decide(machine: Machine, { number, args = [], machine: word = machineWords[machine] }: Call): number {
  const filter = seccompFilter(machine);
  const data = Buffer.alloc(64);
  data.writeUInt32LE(number >>> 0, 0);
  data.writeUInt32LE(word, 4);
  for (const [index, value] of args.entries()) data.writeUInt32LE(value >>> 0, 16 + 8 * index);
  let accumulator = 0;
  for (let at = 0; at < filter.length; at += 8) {
    const [code, ifTrue, ifFalse] = [filter.readUInt16LE(at), filter[at + 2] ?? 0, filter[at + 3] ?? 0];
    const k = filter.readUInt32LE(at + 4);
    const jump = (isTrue: boolean) => (at += 8 * (isTrue ? ifTrue : ifFalse));
    if (code === 0x20) accumulator = data.readUInt32LE(k);
    else if (code === 0x15) jump(accumulator === k);
    else if (code === 0x35) jump(accumulator >= k);
    else if (code === 0x45) jump((accumulator & k) !== 0);
    else if (code === 0x06) return k;
    else throw new Error(`no instruction ${code}`);
  }
  throw new Error('the filter does not end');
}

describe.each(['x64', 'arm64'] as const)('the system call filter of %s', (machine) => {
  const column = machine === 'x64' ? 0 : 1;
  const named = (x64: number, arm64: number) => (machine === 'x64' ? x64 : arm64);

  it('allows what is listed and refuses every other number', () => {
    const listed = new Set(Object.values(allowedCalls).map((row) => row[column]));
    const special = new Set([
      435,
      ...[
        [56, 220],
        [16, 29],
        [157, 167],
        [41, 198],
        [53, 199],
        [9, 222],
        [44, 206],
        [45, 207],
        [46, 211],
        [47, 212],
      ].map((row) => row[column]),
    ]);
    for (let number = 0; number < 600; number += 1) {
      if (special.has(number)) continue;
      expect(decide(machine, { number }), String(number)).toBe(listed.has(number) ? allowed : refused(EPERM));
    }
  });

  it('lets threads begin but no processes', () => {
    const clone = named(56, 220);
    expect(decide(machine, { number: clone, args: [0x003d_0f00] })).toBe(allowed); // as pthread_create
    expect(decide(machine, { number: clone, args: [0x0120_0011] })).toBe(refused(EPERM)); // as fork
    expect(decide(machine, { number: clone, args: [0x1000_0011] })).toBe(refused(EPERM)); // with a user namespace
    expect(decide(machine, { number: 435 })).toBe(refused(ENOSYS));
    if (machine === 'x64') for (const number of [57, 58]) expect(decide(machine, { number })).toBe(refused(EPERM));
  });

  it('makes no sockets but pairs within the sandbox', () => {
    for (const family of [1, 2, 10, 16, 17, 38, 40]) {
      expect(decide(machine, { number: named(41, 198), args: [family, 1] })).toBe(refused(EACCES));
    }
    expect(decide(machine, { number: named(53, 199), args: [1, 1] })).toBe(allowed);
    expect(decide(machine, { number: named(53, 199), args: [2, 1] })).toBe(refused(EACCES));
  });

  it.each([
    { name: 'sendto', number: named(44, 206), at: 3 },
    { name: 'recvfrom', number: named(45, 207), at: 3 },
    { name: 'sendmsg', number: named(46, 211), at: 2 },
    { name: 'recvmsg', number: named(47, 212), at: 2 },
  ])('carries no message out of band by $name', ({ number, at }) => {
    const args = (flags: number) => Array.from({ length: 6 }, (_, index) => (index === at ? flags : 1));
    expect(decide(machine, { number, args: args(0x40) })).toBe(allowed); // MSG_DONTWAIT
    for (const flags of [0x01, 0x41]) expect(decide(machine, { number, args: args(flags) })).toBe(refused(EPERM));
  });

  it('maps files and memory that limits count, and no other memory', () => {
    const map = (flags: number) => decide(machine, { number: named(9, 222), args: [0, 4096, 3, flags] });
    expect(map(0x22)).toBe(allowed); // private memory
    expect(map(0x2_0022)).toBe(allowed); // a thread's stack
    expect(map(0x02)).toBe(allowed); // a private file
    expect(map(0x01)).toBe(allowed); // a shared file
    for (const flags of [0x21, 0x23, 0x121, 0x122, 0x101]) expect(map(flags)).toBe(refused(ENOMEM));
  });

  it('does not let a skill type into a terminal', () => {
    expect(decide(machine, { number: named(16, 29), args: [0, 0x5412] })).toBe(refused(ENOTTY)); // TIOCSTI
    expect(decide(machine, { number: named(16, 29), args: [0, 0x5421] })).toBe(allowed); // FIONBIO
  });

  it('kills whoever comes with the numbers of another machine', () => {
    expect(decide(machine, { number: 1, machine: 0x4000_0003 })).toBe(killed);
    if (machine === 'x64') expect(decide(machine, { number: 0x4000_0001 })).toBe(killed);
  });

  it.each([
    ['ptrace', 101, 117],
    ['mount', 165, 40],
    ['unshare', 272, 97],
    ['setns', 308, 268],
    ['bpf', 321, 280],
    ['io_uring_setup', 425, 425],
    ['memfd_create', 319, 279],
    ['process_vm_readv', 310, 270],
    ['userfaultfd', 323, 282],
    ['keyctl', 250, 219],
    ['perf_event_open', 298, 241],
    ['inotify_add_watch', 254, 27],
    ['setuid', 105, 146],
    ['connect', 42, 203],
  ])('refuses %s', (_, x64, arm64) => {
    expect(decide(machine, { number: named(x64, arm64) })).toBe(refused(EPERM));
  });
});
