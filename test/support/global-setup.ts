import type { TestProject } from 'vitest/node';

import type { TestStack } from './stack.ts';

/** Gives every test the engines: those named by TALOS_TEST_STACK (JSON) where a developer keeps them running, else fresh ones. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const kept = process.env['TALOS_TEST_STACK'];
  if (kept === undefined) throw new Error('engines are not wired yet');
  project.provide('stack', JSON.parse(kept) as TestStack);
  return async () => {};
}
