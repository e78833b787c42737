import { spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import Docker from 'dockerode';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { startTestEngines, type TestEngines } from '../support/engines.ts';
import type { TestStack } from '../support/stack.ts';
import { type DockerDaemon, startDockerDaemon } from './docker-daemon.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const image = 'talos:test';
const name = 'talos-under-test';
const password = randomBytes(18).toString('base64url');

/** The confinement of docker-compose.yml, as options of `docker run`. */
const confinement = [
  '--init',
  '--read-only',
  '--tmpfs=/tmp',
  '--cap-drop=ALL',
  '--security-opt=no-new-privileges:true',
  '--pids-limit=512',
  '--volume=state:/var/lib/talos',
  '--network=host',
];

/** The engines a developer keeps running, else fresh ones. */
async function testEngines(): Promise<TestEngines> {
  const kept = process.env['TALOS_TEST_STACK'];
  if (kept === undefined) return startTestEngines();
  return { stack: JSON.parse(kept) as TestStack, stop: () => Promise.resolve() };
}

/** Listens on a free port of the loopback address. */
async function listen(onConnection: (socket: Socket) => void): Promise<{ server: Server; port: number }> {
  const server = createServer(onConnection).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { server, port: address.port };
}

async function freePort(): Promise<number> {
  const { server, port } = await listen(() => undefined);
  server.close();
  await once(server, 'close');
  return port;
}

/** Our own Redis listens on a socket file, which a container does not see: makes it a port. */
async function bridgeRedis(url: string): Promise<{ url: string; close(): void }> {
  if (!url.startsWith('unix://')) return { url, close: () => undefined };
  const sockets = new Set<Socket>();
  const { server, port } = await listen((socket) => {
    const redis = connect(url.slice('unix://'.length));
    for (const end of [socket, redis]) sockets.add(end.on('error', () => end.destroy()));
    socket.pipe(redis).pipe(socket);
  });
  const close = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return { url: `redis://127.0.0.1:${port}/0`, close };
}

/** Resolves with the first line of a program's output that matches; ends the program then. */
async function firstLine(daemon: DockerDaemon, args: readonly string[], pattern: RegExp): Promise<string> {
  const child = spawn('docker', args, { env: daemon.env, stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    for await (const line of createInterface(child.stdout)) if (pattern.test(line)) return line;
    throw new Error(`docker ${args.join(' ')} ended without ${pattern.source}`);
  } finally {
    child.kill();
  }
}

/** Only root can start a Docker daemon of its own. */
const isRoot = process.getuid?.() === 0;

describe('the Talos image', () => {
  let daemon: DockerDaemon;
  let engines: TestEngines;
  let bridge: { url: string; close(): void };
  let address: string;

  beforeEach(({ skip }) => skip(!isRoot, 'the container tests start a Docker daemon: run them as root'));

  beforeAll(async () => {
    if (!isRoot) return;
    [engines, daemon] = await Promise.all([testEngines(), startDockerDaemon()]);
    bridge = await bridgeRedis(engines.stack.redis);
    await daemon.run(`${root}infra/docker/base.sh`);
    const bases = ['--build-arg', 'BASE=talos-base:local', '--build-arg', 'BUILD_BASE=talos-build:local'];
    const file = `${root}infra/docker/Dockerfile`;
    await daemon.run('docker', 'build', '--quiet', '--network', 'none', '--file', file, ...bases, '--tag', image, root);
  });

  afterAll(async () => {
    await daemon?.stop();
    bridge?.close();
    await engines?.stop();
  });

  test('holds the program, its production dependencies and one platform of the Temporal SDK', async () => {
    const listing = `
      const { readdirSync } = require('node:fs');
      const list = (path) => readdirSync('/app/' + path).sort();
      console.log(JSON.stringify([list('.'), list('node_modules'), list('node_modules/@temporalio/core-bridge/releases')]));`;
    const shown = await daemon.run('docker', 'run', '--rm', image, 'node', '--eval', listing);
    const [top, packages, releases] = JSON.parse(shown) as [string[], string[], string[]];
    expect(top.filter((entry) => ['test', 'docs', '.git', '.ci'].includes(entry))).toEqual([]);
    expect(packages).toContain('express');
    expect(packages).not.toContain('vitest');
    expect(releases).toHaveLength(1);
  });

  test('does not run as root', async () => {
    const user = await daemon.run('docker', 'run', '--rm', image, 'node', '--print', 'process.getuid()');
    expect(user).toBe('1000');
  });

  test('becomes healthy on a read-only root without capabilities', async () => {
    const port = await freePort();
    address = `http://127.0.0.1:${port}`;
    const environment = {
      TEMPORAL_ADDRESS: engines.stack.temporal,
      TEMPORAL_TASK_QUEUE: `image-${randomUUID().slice(0, 8)}`,
      REDIS_URL: bridge.url,
      CHROMA_URL: engines.stack.chroma,
      OLLAMA_URL: engines.stack.ollama,
      BASIC_AUTH_PASS: password,
      WEB_BIND: '127.0.0.1',
      WEB_PORT: String(port),
    };
    const variables = Object.entries(environment).flatMap(([key, value]) => ['--env', `${key}=${value}`]);
    const healthy = firstLine(daemon, ['events', '--filter', 'event=health_status'], /health_status: healthy/);
    const options = [...confinement, '--health-interval', '1s', ...variables];
    await daemon.run('docker', 'run', '--detach', '--name', name, ...options, image);
    const ended = daemon.run('docker', 'wait', name).then(async (code) => {
      throw new Error(`the container ended with ${code}:\n${await daemon.logs(name)}`);
    });
    await Promise.race([healthy, ended]);
    const reply = await fetch(`${address}/health`);
    expect(reply.status).toBe(200);
  });

  test('answers a message', async () => {
    const authorization = `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`;
    const reply = await fetch(`${address}/chat`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify({ message: 'hello' }),
    });
    expect([reply.status, await reply.json()]).toEqual([200, expect.objectContaining({ state: 'answered' })]);
  });

  test('refuses a wrong password', async () => {
    const authorization = `Basic ${Buffer.from('admin:not-the-password').toString('base64')}`;
    const reply = await fetch(`${address}/conversations`, { headers: { authorization } });
    expect(reply.status).toBe(401);
  });

  test('never prints the password and stops in order', async () => {
    await daemon.run('docker', 'stop', '--time', '60', name);
    expect(await daemon.run('docker', 'inspect', '--format', '{{.State.ExitCode}}', name)).toBe('0');
    expect(await daemon.logs(name)).not.toContain(password);
  });

  test('refuses to start with a short password', async () => {
    const short = ['--env', 'BASIC_AUTH_PASS=short', '--env', 'TALOS_HOME=/tmp/talos'];
    const started = daemon.run('docker', 'run', '--rm', '--network', 'none', ...short, image);
    await expect(started).rejects.toMatchObject({ code: 78, stderr: expect.stringContaining('BASIC_AUTH_PASS') });
  });

  describe('beside it, the image of the socket proxy', () => {
    const container = 'socket-proxy-under-test';
    const folder = mkdtempSync(join(tmpdir(), 'talos-proxy-'));
    const socketPath = join(folder, 'docker.sock');

    afterAll(() => rmSync(folder, { recursive: true }));

    test('starts without a network or capabilities, for the group of Talos', async () => {
      const file = `${root}infra/docker/Dockerfile`;
      const bases = ['--build-arg', 'BASE=talos-base:local', '--build-arg', 'BUILD_BASE=talos-build:local'];
      const build = ['build', '--quiet', '--network', 'none', '--target', 'socket-proxy', '--file', file, ...bases];
      await daemon.run('docker', ...build, '--tag', 'socket-proxy:test', root);
      const engine = daemon.env['DOCKER_HOST']?.replace('unix://', '') ?? '';
      const places = [`--volume=${engine}:/var/run/docker.sock`, `--volume=${folder}:/run/talos`];
      const confined = confinement.filter((option) => !/^--(volume|network)/.test(option));
      const options = [...confined, '--network=none', '--user=0:1000', '--name', container, ...places];
      await daemon.run('docker', 'run', '--detach', ...options, 'socket-proxy:test');
      await firstLine(daemon, ['logs', '--follow', container], /listening/);
      const { gid, mode } = statSync(socketPath);
      expect([gid, mode & 0o777]).toEqual([1000, 0o660]);
      const docker = new Docker({ socketPath });
      await expect(docker.version()).resolves.toHaveProperty('Version');
      await expect(docker.info()).rejects.toMatchObject({ statusCode: 403 });
    });

    test('ends in order', async () => {
      await daemon.run('docker', 'stop', '--time', '20', container);
      expect(await daemon.run('docker', 'inspect', '--format', '{{.State.ExitCode}}', container)).toBe('0');
      expect(existsSync(socketPath)).toBe(false);
    });
  });
});
