import { describe, expect, it } from 'vitest';

import { identify, isAlive, parseProcStat } from '../../../infra/process-identity.ts';

describe('the identity of a process', () => {
  it('is read past a name with blanks and brackets', () => {
    const fields = ['S', ...Array.from({ length: 18 }, (_, index) => String(index)), '987654', 'rest'];
    expect(parseProcStat(`42 (a) b (c)) ${fields.join(' ')}`)).toEqual({ state: 'S', startedAt: '987654' });
  });

  it('is none in a cut line', () => {
    expect(parseProcStat('42 (sh) S 1 2')).toBeUndefined();
  });

  it('holds for this process and not for another with the same number', () => {
    const self = identify(process.pid);
    expect(self && isAlive(self)).toBe(true);
    expect(isAlive({ pid: process.pid, startedAt: '1' })).toBe(false);
  });
});
