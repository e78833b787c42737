import { createBubblewrapDriver } from '../../../adapters/sandbox/bubblewrap.ts';
import { createSandbox } from '../../../adapters/sandbox/sandbox.ts';

/** A process with sandboxes that run, wait and start, for tests that kill it. */
const sandbox = createSandbox(createBubblewrapDriver({ useCgroups: process.argv[2] === 'cgroups' }));
const files = { 'main.js': 'export default async (input, ctx) => { await ctx.tool("begun"); for (;;); };' };
const limits = { timeoutMs: 60_000, memoryMiB: 128, outputBytes: 1024 };
const request = { runId: 'r', language: 'js', files, entry: 'main.js', input: null, limits, until: 'whole' } as const;
let begun = 0;
const powers = {
  async call() {
    begun += 1;
    if (begun === 2) process.stdout.write('running\n');
    return null;
  },
  egress: () => [],
};

await sandbox.prove(AbortSignal.timeout(60_000));
const never = new AbortController().signal;
await Promise.all([sandbox.run(request, powers, never), sandbox.run(request, powers, never)]);
