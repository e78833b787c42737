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
} from '../../../domain/sandbox/system-calls.ts';

type Condition = { readonly index: number; readonly value: number; readonly valueTwo?: number; readonly op: string };

const { EACCES, ENOMEM, ENOSYS, EPERM } = constants.errno;
const { anonymous, growsDown, shared } = mapFlags;
const allow = 'SCMP_ACT_ALLOW';

/** One rule for each value: the conditions of a single rule would all have to hold. */
function oneOf(name: string, index: number, values: readonly number[]) {
  return values.map((value) => allowWhen(name, { index, value, op: 'SCMP_CMP_EQ' }));
}

function allowWhen(name: string, condition: Condition) {
  return { names: [name], action: allow, args: [condition] };
}

function refuse(name: string, errnoRet: number, ...args: Condition[]) {
  return { names: [name], action: 'SCMP_ACT_ERRNO', errnoRet, ...(args.length === 0 ? {} : { args }) };
}

/** What the bits of a mask are in an argument. */
function bits(index: number, mask: number, valueTwo: number): Condition {
  return { index, value: mask, valueTwo, op: 'SCMP_CMP_MASKED_EQ' };
}

/**
 * The system-call filter as the engine takes it, from the same list as the one of bubblewrap: threads, but no process; no sockets but
 * pairs. `clone3` hides its flags from filters, so it is said not to exist, and C libraries fall back to `clone`.
 */
export const seccompProfile: string = JSON.stringify({
  defaultAction: 'SCMP_ACT_ERRNO',
  defaultErrnoRet: EPERM,
  archMap: [
    { architecture: 'SCMP_ARCH_X86_64', subArchitectures: [] },
    { architecture: 'SCMP_ARCH_AARCH64', subArchitectures: [] },
  ],
  syscalls: [
    { names: Object.keys(allowedCalls), action: allow },
    allowWhen('clone', bits(0, threadFlag, threadFlag)),
    allowWhen('mmap', bits(3, shared | growsDown, 0)),
    allowWhen('mmap', bits(3, anonymous | growsDown, 0)),
    refuse('mmap', ENOMEM, bits(3, shared | anonymous, shared | anonymous)),
    refuse('mmap', ENOMEM, bits(3, growsDown, growsDown)),
    refuse('clone3', ENOSYS),
    refuse('socket', EACCES),
    ...oneOf('socketpair', 0, [unixSockets]),
    ...messageCalls.map(({ name, flagsAt }) => allowWhen(name, bits(flagsAt, outOfBand, 0))),
    ...oneOf('ioctl', 1, deviceRequests),
    ...oneOf('prctl', 0, processRequests),
  ],
});
