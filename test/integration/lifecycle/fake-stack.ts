import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Config } from '../../../domain/config/parse.ts';
import { homePaths } from '../../../domain/config/paths.ts';
import { TalosError } from '../../../domain/errors.ts';
import type { Engine, EngineLocation, EngineName } from '../../../infra/engines/engine.ts';
import type { EngineSource, StackReport } from '../../../infra/stack-context.ts';
import { scratchFolder } from '../../support/scratch-folder.ts';
import { fakeChild } from './fake-child.ts';

/** A folder of a program whose API answers its health and whose worker does nothing. */
export function fakeProgram(api = answeringApi): string {
  const root = scratchFolder();
  for (const folder of ['api', 'workers']) mkdirSync(join(root, folder));
  writeFileSync(join(root, 'package.json'), '{"type":"module"}');
  writeFileSync(join(root, 'api/main.ts'), api);
  writeFileSync(join(root, 'workers/main.ts'), 'setInterval(() => undefined, 60_000);');
  return root;
}

const answeringApi = `
import { createServer } from 'node:http';
const server = createServer((_request, response) => response.end('{"status":"ok"}'));
server.listen(process.env.TALOS_HOME + '/run/api.sock');
process.once('SIGTERM', () => process.exit(0));
`;

type FakeEngine = { name: EngineName; required?: boolean; script?: string; missing?: boolean; unobtainable?: boolean };

/** Engines that are small shell scripts; a missing one is there after it was got. */
export function fakeEngines(...engines: FakeEngine[]): EngineSource & { readonly got: EngineName[] } {
  const got: EngineName[] = [];
  return {
    got,
    all: engines.map((engine) => fakeEngine(engine, got)),
    get(names, _config, { progress }) {
      for (const name of names) {
        if (engines.find((engine) => engine.name === name)?.unobtainable === true) {
          return Promise.reject(
            new TalosError('ENGINE_MISSING', `${name} cannot be had; install it with: apt-get install ${name}`),
          );
        }
        progress({ engine: name, text: 'downloading', fraction: 1 });
        got.push(name);
      }
      return Promise.resolve();
    },
  };
}

function fakeEngine(fake: FakeEngine, got: readonly EngineName[]): Engine {
  const { name, required = true, script = 'touch $READY; exec sleep 1000', missing = false } = fake;
  return {
    name,
    version: '1.0.0',
    required,
    locate: (): Promise<EngineLocation> =>
      Promise.resolve(
        missing && !got.includes(name)
          ? { kind: 'missing', reason: 'not installed' }
          : { kind: 'cache', program: '/bin/sh', version: '1.0.0' },
      ),
    get: () => Promise.reject(new Error('got through the source')),
    child: (config: Config) => Promise.resolve({ ...fakeChild(homePaths(config).run, name, script) }),
    check: () => Promise.resolve(0.5),
  };
}

/** Collects what a start reports. */
export function recordReport(): StackReport & { readonly notes: string[]; readonly steps: string[] } {
  const notes: string[] = [];
  const steps: string[] = [];
  return {
    notes,
    steps,
    progress: (name, text) => steps.push(`${name} ${text}`),
    note: (text) => notes.push(text),
    child: () => undefined,
  };
}
