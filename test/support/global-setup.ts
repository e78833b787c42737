import type { TestProject } from 'vitest/node';

import { startTestEngines } from './engines.ts';
import type { TestEngines } from './engines.ts';
import type { TestStack } from './stack.ts';

/** One set of engines for all projects of a run; each project loads this file anew, so what they share hangs on the process. */
type Shared = { engines: Promise<TestEngines>; users: number };
const place = globalThis as typeof globalThis & { talosTestEngines?: Shared };

/** Gives every test the engines: those named by TALOS_TEST_STACK (JSON) where a developer keeps them running, else fresh ones. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const kept = process.env['TALOS_TEST_STACK'];
  if (kept !== undefined) {
    project.provide('stack', JSON.parse(kept) as TestStack);
    return () => Promise.resolve();
  }
  const shared = (place.talosTestEngines ??= { engines: startTestEngines(), users: 0 });
  shared.users += 1;
  const running = await shared.engines;
  project.provide('stack', running.stack);
  return async () => {
    shared.users -= 1;
    if (shared.users > 0) return;
    delete place.talosTestEngines;
    await running.stop();
  };
}
