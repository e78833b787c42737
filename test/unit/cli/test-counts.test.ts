import { describe, expect, it } from 'vitest';

import { countTests } from '../../../cli/test-counts.ts';

function report(passed: number, failed: number, files: { status: string; assertionResults: unknown[] }[] = []): string {
  return JSON.stringify({ numPassedTests: passed, numFailedTests: failed, testResults: files, more: 'ignored' });
}

describe('the counts of a test run', () => {
  it('are those of the report', () => {
    expect(countTests(report(12, 0), true)).toEqual({ passed: 12, failed: 0 });
    expect(countTests(report(12, 3), false)).toEqual({ passed: 12, failed: 3 });
  });

  it('count a file that could not be loaded', () => {
    const files = [
      { status: 'failed', assertionResults: [] },
      { status: 'failed', assertionResults: [{}] },
      { status: 'passed', assertionResults: [{}] },
    ];
    expect(countTests(report(2, 1, files), false)).toEqual({ passed: 2, failed: 2 });
  });

  it('never call a failed run clean', () => {
    expect(countTests(undefined, false)).toEqual({ passed: 0, failed: 1 });
    expect(countTests(report(5, 0), false)).toEqual({ passed: 5, failed: 1 });
  });
});
