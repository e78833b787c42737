import { z } from 'zod';

/** How many tests passed and failed; a test file that could not be loaded counts as one failure. */
export type TestCounts = { readonly passed: number; readonly failed: number };

const Report = z.object({
  numPassedTests: z.int(),
  numFailedTests: z.int(),
  testResults: z.array(z.object({ status: z.string(), assertionResults: z.array(z.unknown()) })),
});

/** Counts from vitest's JSON report. A run that failed counts at least one failure, with or without a report. */
export function countTests(report: string | undefined, isGood: boolean): TestCounts {
  const counts = report === undefined ? { passed: 0, failed: 0 } : countReport(report);
  return isGood ? counts : { ...counts, failed: Math.max(counts.failed, 1) };
}

function countReport(report: string): TestCounts {
  const { numPassedTests, numFailedTests, testResults } = Report.parse(JSON.parse(report));
  const unloaded = testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0);
  return { passed: numPassedTests, failed: numFailedTests + unloaded.length };
}
