import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { type DockerDaemon, startDockerDaemon } from './docker-daemon.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A Docker engine of the test's own with the sandbox image, and the socket proxy before it, as a process. */
export type DockerSandboxes = {
  readonly daemon: DockerDaemon;
  /** Path of the engine's own socket, which only the proxy should know. */
  readonly engineSocket: string;
  readonly proxySocket: string;
  readonly proxyUrl: string;
  /** What the proxy has written down so far, line by line. */
  readonly decisions: string[];
  /** Ids of all containers there are, running or not. */
  containers(): Promise<string[]>;
  /** Ends the proxy by a signal and waits for its end. */
  endProxy(signal: NodeJS.Signals): Promise<void>;
  /** Starts it, again; resolves when it answers. */
  startProxy(): Promise<void>;
  stop(): Promise<void>;
};

/** Starts everything; needs root and the package docker.io. */
export async function startDockerSandboxes(): Promise<DockerSandboxes> {
  const daemon = await startDockerDaemon();
  const folder = mkdtempSync(join(tmpdir(), 'talos-proxy-'));
  const proxySocket = join(folder, 'docker.sock');
  let proxy: ChildProcess | undefined;
  const sandboxes: DockerSandboxes = {
    daemon,
    engineSocket: daemon.env['DOCKER_HOST']?.slice('unix://'.length) ?? '',
    proxySocket,
    proxyUrl: `unix://${proxySocket}`,
    decisions: [],
    async containers() {
      const shown = await daemon.run('docker', 'ps', '--all', '--quiet', '--no-trunc');
      return shown.split('\n').filter((id) => id !== '');
    },
    async endProxy(signal) {
      if (proxy === undefined) return;
      const ended = once(proxy, 'exit');
      proxy.kill(signal);
      await ended;
      proxy = undefined;
    },
    async startProxy() {
      const env = { ...daemon.env, SOCKET_PROXY_URL: sandboxes.proxyUrl, SOCKET_PROXY_OWNER: 'test' };
      const args = [join(root, 'infra/docker/socket-proxy/main.ts')];
      proxy = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
      const lines = createInterface({ input: proxy.stdout ?? process.stdin });
      lines.on('line', (line) => sandboxes.decisions.push(line));
      // Its first line says that it listens.
      await Promise.race([once(lines, 'line'), failed(proxy)]);
    },
    async stop() {
      await sandboxes.endProxy('SIGTERM');
      await daemon.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  try {
    await daemon.run(join(root, 'infra/docker/sandbox/build.sh'));
    await sandboxes.startProxy();
    return sandboxes;
  } catch (error) {
    await sandboxes.stop();
    throw error;
  }
}

async function failed(child: ChildProcess): Promise<never> {
  const [code] = await once(child, 'exit');
  throw new Error(`the socket proxy ended with ${code}`);
}
