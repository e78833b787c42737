import { spawnSync } from 'node:child_process';

import { describe, expect, it } from 'vitest';

import { isOrphan, ownMark } from '../../../../adapters/sandbox/owner-mark.ts';

const gone = spawnSync('true').pid;

describe('the mark of an owner', () => {
  it('belongs to a process as long as that lives', () => {
    expect(isOrphan(`.api.log.${ownMark('log')}.gz`)).toBe(false);
    expect(isOrphan(`talos_git_${gone}_1-AbCdEf`)).toBe(true);
  });

  it('is nobody else who was given the same number', () => {
    expect(isOrphan(`talos_git_${process.pid}_1`)).toBe(true);
  });

  it('goes by the number alone where the system does not tell when a process started', () => {
    expect(isOrphan(`talos_git_${process.pid}_0`)).toBe(false);
    expect(isOrphan(`talos_git_${gone}_0`)).toBe(true);
  });

  it('is none in a name without one', () => {
    expect(isOrphan('talos_git_x')).toBe(false);
  });
});
