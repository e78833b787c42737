import { join } from 'node:path';

import Docker from 'dockerode';

import type { Decision } from '../../../../infra/docker/socket-proxy/audit.ts';
import { type ProxyOptions, startSocketProxy } from '../../../../infra/docker/socket-proxy/proxy.ts';
import { scratchFolder } from '../../../support/scratch-folder.ts';
import { type FakeEngine, startFakeEngine } from './fake-engine.ts';

/** A proxy before a fake engine. */
export type UnderTest = {
  readonly engine: FakeEngine;
  readonly socket: string;
  readonly docker: Docker;
  readonly decisions: Decision[];
  close(): Promise<void>;
};

/** Starts both in a folder of their own. */
export async function startUnderTest(
  limits: ProxyOptions['limits'] = {},
  prepare: (engine: FakeEngine) => void = () => undefined,
): Promise<UnderTest> {
  const folder = scratchFolder();
  const engineSocket = join(folder, 'engine.sock');
  const socket = join(folder, 'proxy.sock');
  const engine = await startFakeEngine(engineSocket);
  prepare(engine);
  const decisions: Decision[] = [];
  const audit = (decision: Decision): void => void decisions.push(decision);
  const proxy = await startSocketProxy({ engineSocket, listenSocket: socket, owner: 'test', audit, limits });
  engine.seen.length = 0;
  return {
    engine,
    socket,
    docker: new Docker({ socketPath: socket }),
    decisions,
    async close() {
      await proxy.close();
      await engine.close();
    },
  };
}
