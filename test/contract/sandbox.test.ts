import { readdirSync, readFileSync } from 'node:fs';

import { createMemorySandbox } from '../../adapters/memory/sandbox.ts';
import { createBubblewrapDriver } from '../../adapters/sandbox/bubblewrap.ts';
import { createSandbox } from '../../adapters/sandbox/sandbox.ts';
import { describeContainment } from './containment-suite.ts';
import { describeSandbox, suiteScripts } from './sandbox-suite.ts';

describeSandbox('sandbox in memory', async () => createMemorySandbox(suiteScripts));

describeSandbox('sandbox of bubblewrap', async () => createSandbox(createBubblewrapDriver()));

for (const useCgroups of [true, false]) {
  describeContainment(`bubblewrap ${useCgroups ? 'with cgroups where they can be written' : 'without cgroups'}`, {
    create: async () => createSandbox(createBubblewrapDriver({ useCgroups })),
    leftovers: async () => sandboxesOf(process.pid),
  });
}

/** How many processes of the sandboxes of a process there are. */
function sandboxesOf(pid: number): number {
  return readdirSync('/proc').filter((entry) => {
    try {
      return /^\d+$/.test(entry) && readFileSync(`/proc/${entry}/cmdline`, 'utf8').includes(`talos_sandbox_${pid}_`);
    } catch {
      return false; // gone meanwhile
    }
  }).length;
}
