import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { parseConfig } from '../../domain/config/parse.ts';
import type { Config } from '../../domain/config/parse.ts';
import { engineAddresses, homePaths } from '../../domain/config/paths.ts';
import { engineEnvironment } from '../../infra/child-environment.ts';
import { getBubblewrap } from '../../infra/engines/bubblewrap.ts';
import type { Engine, Progress } from '../../infra/engines/engine.ts';
import { engines, getEngines } from '../../infra/engines/registry.ts';
import { identify } from '../../infra/process-identity.ts';
import { createSupervisor } from '../../infra/supervisor.ts';
import type { Supervisor } from '../../infra/supervisor.ts';
import { freePortBlock } from './port-block.ts';
import type { TestStack } from './stack.ts';

const prefix = 'talos-engines-';

/** Fresh engines on free ports in a state directory of their own. */
export type TestEngines = { readonly stack: TestStack; stop(): Promise<void> };

/** Starts every engine from the shared cache, getting what it lacks. Nothing stays behind, even if this process is killed. */
export async function startTestEngines(): Promise<TestEngines> {
  removeLeftovers();
  const home = mkdtempSync(join(tmpdir(), `${prefix}${process.pid}-`));
  const remove = (): void => rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  process.once('exit', remove);
  const { HOME, TALOS_ENGINES_DIR } = process.env;
  const config = parseConfig({
    HOME,
    TALOS_ENGINES_DIR,
    TALOS_HOME: home,
    TALOS_PORT_BASE: String(await freePortBlock()),
  });
  const { operations } = homePaths(config);
  mkdirSync(operations, { recursive: true });
  const environment = engineEnvironment(process.env);
  const supervisor = createSupervisor({ logDir: operations, environment, onChange: () => undefined });
  const stop = async (): Promise<void> => {
    await supervisor.stop();
    process.off('exit', remove);
    remove();
  };
  try {
    await getMissing(config);
    await Promise.all(engines.map((engine) => start(engine, config, supervisor)));
  } catch (error) {
    await stop();
    throw error;
  }
  const addresses = engineAddresses(config);
  return { stack: { ...addresses, temporalUi: `http://127.0.0.1:${config.ports.temporalUi}` }, stop };
}

async function getMissing(config: Config): Promise<void> {
  const names = await Promise.all(
    engines.map(async (engine) => ((await engine.locate(config)).kind === 'missing' ? [engine.name] : [])),
  );
  const toldAt = new Map<string, number>();
  const progress: Progress = ({ engine, text }) => {
    if (Date.now() - (toldAt.get(engine) ?? 0) < 10_000) return;
    toldAt.set(engine, Date.now());
    process.stderr.write(`${engine}: ${text}\n`);
  };
  const { signal } = new AbortController();
  await Promise.all([getEngines(names.flat(), config, { signal, progress }), getBubblewrap({ signal, progress })]);
}

async function start(engine: Engine, config: Config, supervisor: Supervisor): Promise<void> {
  const location = await engine.locate(config);
  if (!('program' in location)) throw new Error(`${engine.name} is ${location.kind}`);
  await supervisor.start(await engine.child(config, location), 0);
}

/** State directories of runs that were killed. */
function removeLeftovers(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = Number(name.startsWith(prefix) ? name.slice(prefix.length).split('-')[0] : Number.NaN);
    if (pid > 0 && identify(pid) === undefined) rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
}
