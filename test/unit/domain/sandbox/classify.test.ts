import { describe, expect, it } from 'vitest';

import { classifyEnd, classifyFault, SkillFault } from '../../../../domain/sandbox/classify.ts';

const verdictOf = (fault: Partial<SkillFault>) => classifyFault({ name: 'Error', message: '', ...fault }).verdict;

describe('a failure a skill reports', () => {
  it.each<[string, Partial<SkillFault>]>([
    ['exception', { name: 'TypeError', message: 'x is undefined' }],
    ['exception', { name: 'RangeError', message: 'Maximum call stack size exceeded' }],
    ['exception', { code: 'ENOENT', path: '/tmp/not-yet' }],
    ['exception', { code: 'ENOENT', path: 'not-yet' }],
    ['exception', { code: 'ENOENT', path: './a/../not-yet' }],
    ['exception', { code: 'EPERM', path: '/tmp', attempt: 'network' }],
    ['exception', { code: 'toString' }],
    ['oom', { name: 'RangeError', message: 'Array buffer allocation failed' }],
    ['oom', { name: 'MemoryError' }],
    ['process-denied', { code: 'EPERM', syscall: 'spawn /bin/sh' }],
    ['process-denied', { code: 'EPERM', attempt: 'process' }],
    ['pids', { code: 'EAGAIN', syscall: 'spawn node' }],
    ['pids', { code: 'ERR_WORKER_INIT_FAILED' }],
    ['pids', { name: 'RuntimeError', message: "can't start new thread" }],
    ['exception', { name: 'RuntimeError', message: 'dictionary changed size during iteration' }],
    ['disk-limit', { code: 'ENOSPC', path: '/tmp/x' }],
    ['fd-limit', { code: 'EMFILE', path: '/dev/null' }],
    ['network-denied', { code: 'EACCES', syscall: 'connect' }],
    ['network-denied', { code: 'EAI_AGAIN', syscall: 'getaddrinfo' }],
    ['network-denied', { code: 'EACCES', attempt: 'network' }],
    ['fs-denied', { code: 'ENOENT', path: '/root/.ssh/id_ed25519' }],
    ['fs-denied', { code: 'EACCES', path: '/etc/shadow' }],
    ['fs-denied', { code: 'EROFS', path: '/etc/passwd' }],
    ['fs-denied', { code: 'ENOENT', path: '/tmpx' }],
    ['fs-denied', { code: 'ENOENT', path: '../etc/passwd' }],
    ['fs-denied', { code: 'ENOENT', path: 'a/../../root/.ssh/id_ed25519' }],
    ['fs-denied', { code: 'ENOENT', path: '/tmp/../etc/passwd' }],
    ['fs-denied', { code: 'EACCES', path: '/etc/shadow', attempt: 'network' }],
    ['privilege-denied', { code: 'EPERM', syscall: 'setuid' }],
  ])('is %s for %j', (verdict, fault) => {
    expect(verdictOf(fault)).toBe(verdict);
  });

  it('is never ok, whatever it says', () => {
    const said = SkillFault.parse({ name: 7, message: 'x'.repeat(9000), code: {}, verdict: 'ok', attempt: 'none' });
    expect(classifyFault(said)).toEqual({ verdict: 'exception', reason: 'Error: ' });
  });
});

describe('an end without an answer', () => {
  it.each([
    ['invalid-output', { code: 0 }, ''],
    ['crash', { code: 3 }, ''],
    ['crash', { code: 128 + 11 }, 'Segmentation fault'],
    ['crash', { code: 128 + 9, wasOutOfMemory: false }, ''],
    ['oom', { code: 128 + 9 }, ''],
    ['oom', { code: 128 + 9, wasOutOfMemory: true }, ''],
    ['oom', { code: 128 + 6 }, 'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory'],
    ['pids', { code: 128 + 6, wasOutOfProcesses: true }, ''],
    ['disk-limit', { code: 128 + 9, wasOutOfFiles: true }, ''],
    ['timeout', { code: 128 + 24 }, ''],
    ['disk-limit', { code: 128 + 25 }, ''],
    ['privilege-denied', { code: 128 + 31 }, ''],
  ])('is %s for %j', (verdict, end, log) => {
    expect(classifyEnd(end, log).verdict).toBe(verdict);
  });
});
