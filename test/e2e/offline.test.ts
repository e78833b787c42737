import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { createHome, type TestHome } from '../support/home.ts';
import { canIsolate, createVoidNetwork } from '../support/void-network.ts';

const launcher = fileURLToPath(new URL('../../talos', import.meta.url));
const run = promisify(execFile);

/** A Talos in a network of its own; commands go there, too. */
async function createIsolated(hasRoute: boolean, settings: Record<string, string>) {
  const network = await createVoidNetwork({ hasRoute });
  const home = await createHome(settings);
  const talos = async (...args: string[]) => {
    const [program, given] = network.command(launcher, ...args);
    return (await run(program, given, { env: home.env, maxBuffer: 32 * 1024 * 1024 })).stdout;
  };
  return {
    network,
    home,
    talos,
    async close(): Promise<void> {
      await talos('down');
      await home.remove();
      network.close();
    },
  };
}

/** The first thing a newcomer does, and most of what Talos can. */
async function useEverything(talos: (...args: string[]) => Promise<string>, home: TestHome): Promise<void> {
  await talos('up', '--detach');
  expect(await talos('chat', 'hello')).toContain('Hello from the built-in test model.');
  await talos('skills', 'new', 'hello', '--path', home.dir);
  expect(await talos('skills', 'test', join(home.dir, 'hello'))).toContain('pass');
  await talos('skills', 'submit', join(home.dir, 'hello'));
  expect(await talos('skills', 'show', 'hello', '--follow')).toContain('awaiting-approval');
  expect(await talos('dream', '--now', '--follow')).toMatch(/ran after/);
  expect(await talos('report')).toContain('5 of 5 phases');
  await talos('models', 'ls');
  await talos('status');
  await talos('doctor').catch(() => ''); // it may find something; it must not look for it elsewhere
  await talos('audit', 'verify');
}

describe('a machine without a network', () => {
  let isolated: Awaited<ReturnType<typeof createIsolated>> | undefined;
  beforeEach(({ skip }) => skip(!canIsolate, 'this test makes a network namespace: run it as root'));
  afterAll(() => isolated?.close());

  it('has a Talos that works, with the settings of a newcomer', async () => {
    isolated = await createIsolated(false, { MODEL_AUTOPULL_ENABLED: 'true' });
    await useEverything(isolated.talos, isolated.home);
  });
});

describe('a network in which every packet to elsewhere is seen', () => {
  let isolated: Awaited<ReturnType<typeof createIsolated>> | undefined;
  beforeEach(({ skip }) => skip(!canIsolate, 'this test makes a network namespace: run it as root'));
  beforeAll(async () => {
    if (canIsolate) isolated = await createIsolated(true, {});
  });
  afterAll(() => isolated?.close());

  it('sees none of a Talos that is used', async () => {
    if (isolated === undefined) return;
    await useEverything(isolated.talos, isolated.home);
    expect(isolated.network.packets()).toEqual([]);
  });

  it('would have seen one', async () => {
    if (isolated === undefined) return;
    const { network } = isolated;
    const ask = `fetch('http://203.0.113.5/').catch(() => undefined)`;
    const [program, args] = network.command(process.execPath, '-e', `${ask}; setTimeout(() => process.exit(), 500)`);
    await run(program, args);
    await expect.poll(() => network.packets()).toContain('6 203.0.113.5');
  });
});
