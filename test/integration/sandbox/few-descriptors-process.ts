import { closeSync, openSync } from 'node:fs';

import { createBubblewrapDriver } from '../../../adapters/sandbox/bubblewrap.ts';
import { createSandbox } from '../../../adapters/sandbox/sandbox.ts';

// Runs a skill while no descriptor is left, then again; prints how each run ended. A test gives this process few of them.

const limits = { timeoutMs: 5000, memoryMiB: 128, outputBytes: 1024 };
const request = { runId: 'r', language: 'js', entry: 'main.js', input: null, limits, until: 'whole' } as const;
const powers = { call: () => Promise.resolve(null), egress: () => [] };
const sandbox = createSandbox(createBubblewrapDriver(), { size: 0 });

async function endOfRun(): Promise<string> {
  const files = { 'main.js': 'export default () => 1;' };
  return await sandbox.run({ ...request, files }, powers, AbortSignal.timeout(30_000)).then(
    ({ verdict }) => verdict,
    (error: { code?: string }) => error.code ?? 'no code',
  );
}

const open: number[] = [];
await sandbox.prove(AbortSignal.timeout(60_000));
try {
  for (;;) open.push(openSync('/dev/null', 'r'));
} catch {
  // all are taken
}
const ends: string[] = [];
for (const descriptor of open.splice(-12)) {
  ends.push(await endOfRun());
  closeSync(descriptor);
}
for (const descriptor of open) closeSync(descriptor);
await sandbox.prove(AbortSignal.timeout(60_000));
process.stdout.write(JSON.stringify([[...new Set(ends)], await endOfRun()]));
await sandbox.close();
