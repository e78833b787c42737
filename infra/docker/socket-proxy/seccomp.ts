import { constants } from 'node:os';

import {
  allowedCalls,
  deviceRequests,
  processRequests,
  threadFlag,
  unixSockets,
} from '../../../domain/sandbox/system-calls.ts';

type Condition = { readonly index: number; readonly value: number; readonly valueTwo?: number; readonly op: string };

const { EACCES, ENOSYS, EPERM } = constants.errno;
const allow = 'SCMP_ACT_ALLOW';

/** One rule for each value: the conditions of a single rule would all have to hold. */
function oneOf(name: string, index: number, values: readonly number[]) {
  return values.map((value) => allowWhen(name, { index, value, op: 'SCMP_CMP_EQ' }));
}

function allowWhen(name: string, condition: Condition) {
  return { names: [name], action: allow, args: [condition] };
}

function refuse(name: string, errnoRet: number) {
  return { names: [name], action: 'SCMP_ACT_ERRNO', errnoRet };
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
    allowWhen('clone', { index: 0, value: threadFlag, valueTwo: threadFlag, op: 'SCMP_CMP_MASKED_EQ' }),
    refuse('clone3', ENOSYS),
    refuse('socket', EACCES),
    ...oneOf('socketpair', 0, [unixSockets]),
    ...oneOf('ioctl', 1, deviceRequests),
    ...oneOf('prctl', 0, processRequests),
  ],
});
