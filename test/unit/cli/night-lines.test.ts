import { describe, expect, it } from 'vitest';

import { livePhaseLine, nightEndLine, phaseLine } from '../../../cli/night-lines.ts';
import type { NightRun } from '../../../domain/night/run.ts';

const night: NightRun = {
  id: 'now-a',
  trigger: 'owner',
  dueAt: 0,
  state: 'ran',
  isCutShort: false,
  startedAt: 0,
  endedAt: 61_500,
  phases: [],
};

describe('a dream cycle on the screen', () => {
  it('tells what a phase did and what went wrong', () => {
    expect(
      phaseLine({
        phase: 'redis',
        state: 'done',
        ms: 1500,
        outcome: { counts: { keysDeleted: 3, keysMoved: 0 }, notes: [] },
      }),
    ).toBe('done in 1.5 s: 3 keys deleted');
    const error = { code: 'STORE_FULL', message: 'no room' };
    expect(phaseLine({ phase: 'redis', state: 'failed', ms: 10, error })).toBe('failed in 0.0 s: STORE_FULL: no room');
    expect(phaseLine({ phase: 'health', state: 'skipped' })).toBe('skipped');
  });

  it('tells the newest line of the phase that goes on, and nothing a terminal would obey', () => {
    const running = { phase: 'logs', state: 'running' } as const;
    expect(livePhaseLine(running, { phase: 'logs', line: 'file\u001B[2J 7' })).toBe('running: file\ufffd[2J 7');
    expect(livePhaseLine(running, { phase: 'redis', line: 'of another' })).toBe('running');
    expect(livePhaseLine(running, undefined)).toBe('running');
  });

  it('tells how it ended', () => {
    expect(nightEndLine(night)).toBe('Dream cycle now-a ran after 61.5 s');
    expect(nightEndLine({ ...night, state: 'failed', reason: 'hard-cap', isCutShort: true })).toBe(
      'Dream cycle now-a failed, cut short after 61.5 s: it did not end by itself within its hard cap',
    );
  });
});
