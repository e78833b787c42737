import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'vitest';

import { parseConfig } from '../../../domain/config/parse.ts';
import { homePaths } from '../../../domain/config/paths.ts';
import { temporal as engine } from '../../../infra/engines/temporal.ts';
import { freePortBlock } from '../../support/port-block.ts';

/** A Temporal server of the test's own, with its data in a file, that may be killed and started again. */
export type OwnTemporal = {
  readonly address: string;
  start(): Promise<void>;
  kill(): Promise<void>;
  close(): Promise<void>;
};

/** Starts one. */
export async function startOwnTemporal(): Promise<OwnTemporal> {
  const home = await mkdtemp(join(tmpdir(), 'talos-temporal-'));
  const { HOME, TALOS_ENGINES_DIR } = process.env;
  const ports = String(await freePortBlock());
  const config = parseConfig({ HOME, TALOS_ENGINES_DIR, TALOS_HOME: home, TALOS_PORT_BASE: ports });
  mkdirSync(homePaths(config).operations, { recursive: true });
  const location = await engine.locate(config);
  if (!('program' in location)) throw new Error('there is no Temporal on this machine');
  const spec = await engine.child(config, location);
  const isReady = () =>
    spec.ready(AbortSignal.timeout(2000)).then(
      (value) => value !== false,
      () => false,
    );
  let child: ChildProcess | undefined;

  async function start() {
    child = spawn(spec.command, spec.args, { cwd: spec.cwd, stdio: 'ignore' });
    process.once('exit', () => child?.kill('SIGKILL')); // also when the tests are interrupted
    await expect.poll(isReady, { timeout: 30_000, interval: 100 }).toBe(true);
  }

  async function kill() {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  await start();
  return {
    address: `127.0.0.1:${config.ports.temporal}`,
    start,
    kill,
    async close() {
      await kill();
      await rm(home, { recursive: true, force: true });
    },
  };
}
