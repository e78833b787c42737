import { rmSync } from 'node:fs';

import type { Config, Environment } from '../domain/config/parse.ts';
import { homePaths } from '../domain/config/paths.ts';
import { askHealth } from './api-health.ts';
import { talosEnvironment } from './child-environment.ts';
import type { ChildSpec } from './engines/engine.ts';

/** Where the processes of Talos come from and what they inherit. */
export type TalosOrigin = { readonly root: string; readonly config: Config; readonly environment: Environment };

/** A small young generation: a process that mostly waits needs less than 48 MB for objects that are about to die. */
const memoryFlags = ['--max-semi-space-size=8'];

/** The processes of Talos itself; they need Temporal and Redis. */
export function talosChildren(origin: TalosOrigin): ChildSpec[] {
  return origin.config.processes.workers === 'split' ? [apiChild(origin), workerChild(origin)] : [apiChild(origin)];
}

/** The API, ready when it answers for its health, whatever it says of the engines. */
function apiChild(origin: TalosOrigin): ChildSpec {
  const { apiSocket } = homePaths(origin.config);
  return {
    ...nodeChild(origin, 'api', 'api/main.ts'),
    beforeStart: () => rmSync(apiSocket, { force: true }),
    ready: async (signal) => (await askHealth(apiSocket, signal)).status > 0,
  };
}

/** The worker of the slow queues. It serves nothing one could ask; while it lives it counts as ready. */
function workerChild(origin: TalosOrigin): ChildSpec {
  return { ...nodeChild(origin, 'worker', 'workers/main.ts'), ready: () => Promise.resolve(true) };
}

function nodeChild(
  { root, config, environment }: TalosOrigin,
  name: string,
  program: string,
): Omit<ChildSpec, 'ready'> {
  return {
    name,
    command: process.execPath,
    args: [...memoryFlags, `${root}/${program}`],
    cwd: homePaths(config).home,
    env: talosEnvironment(environment, config.home.dir),
    stopSignal: 'SIGTERM',
    stopGraceMs: 25_000,
    readyTimeoutMs: 180_000, // a slow machine that has never run it before takes more than a minute
  };
}
