import { expect, it } from 'vitest';

import { createBubblewrapDriver } from '../../../adapters/sandbox/bubblewrap.ts';
import { findCgroups } from '../../../adapters/sandbox/cgroup.ts';
import { waitUntilReady } from '../../../adapters/sandbox/program.ts';

const mebibyte = 1_048_576;

it('starts a sandbox inside of its group, wherever groups can be made, and says which limits hold', async () => {
  const groups = await findCgroups();
  const driver = createBubblewrapDriver();
  try {
    expect(await driver.prepare(AbortSignal.timeout(30_000))).toMatchObject({ limits: groups?.version ?? 'rlimits' });
    const program = await driver.start({ runtime: 'node', memoryMiB: 64 });
    await waitUntilReady(program);
    program.kill();
    const { peakBytes } = await program.ended;
    // what the kernel has counted in the group: a Node that has started, which takes some nine mebibytes for itself
    if (groups === undefined) expect(peakBytes).toBeUndefined();
    else expect(peakBytes).toBeGreaterThan(4 * mebibyte);
  } finally {
    await driver.close();
    await groups?.close();
  }
});

it('looks for groups anew while sandboxes run, and leaves those theirs', async () => {
  const driver = createBubblewrapDriver();
  const signal = AbortSignal.timeout(30_000);
  const kind = { runtime: 'node', memoryMiB: 64 } as const;
  try {
    const { limits } = await driver.prepare(signal);
    const running = await driver.start(kind);
    await waitUntilReady(running);
    await expect(driver.prepare(signal)).resolves.toMatchObject({ limits });
    const next = await driver.start(kind);
    await waitUntilReady(next);
    for (const program of [running, next]) program.kill();
    await Promise.all([running.ended, next.ended]);
  } finally {
    await driver.close();
  }
});
