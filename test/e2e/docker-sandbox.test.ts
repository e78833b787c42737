import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import Docker from 'dockerode';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';

import { createDockerDriver } from '../../adapters/sandbox/docker.ts';
import { removeOldContainers } from '../../adapters/sandbox/docker-leftovers.ts';
import { createSandbox } from '../../adapters/sandbox/sandbox.ts';
import { sandboxContainerBody, sandboxImage } from '../../domain/sandbox/container.ts';
import type { SandboxRequest } from '../../domain/sandbox/run.ts';
import { describeContainment } from '../contract/containment-suite.ts';
import { describeSandbox } from '../contract/sandbox-suite.ts';
import { bodies } from '../unit/infra/socket-proxy/attacks.ts';
import { request, sendRaw, statusesIn } from '../unit/infra/socket-proxy/raw-http.ts';
import { type DockerSandboxes, startDockerSandboxes } from './docker-sandboxes.ts';

/** Only root can start a Docker daemon of its own. */
const isRoot = process.getuid?.() === 0;
const worker = fileURLToPath(new URL('sandbox-worker-process.ts', import.meta.url));
const noPowers = { call: () => Promise.resolve(null), egress: () => [] };
const never = new AbortController().signal;

function skill(code: string, change: Partial<SandboxRequest> = {}): SandboxRequest {
  const limits = { timeoutMs: 20_000, memoryMiB: 64, outputBytes: 65_536 };
  const files = { 'main.js': code };
  return { runId: 'run', language: 'js', files, entry: 'main.js', input: null, limits, until: 'whole', ...change };
}

describe('sandboxes in Docker', () => {
  let sandboxes: DockerSandboxes;
  const secret = randomBytes(16).toString('hex');
  const folder = mkdtempSync(join(tmpdir(), 'talos-host-'));

  beforeEach(({ skip }) => skip(!isRoot, 'these tests start a Docker daemon: run them as root'));
  beforeAll(async () => {
    if (!isRoot) return;
    writeFileSync(join(folder, 'secret'), secret);
    sandboxes = await startDockerSandboxes();
  });
  afterAll(async () => {
    await sandboxes?.stop();
    rmSync(folder, { recursive: true });
  });

  async function expectNothingLeft(): Promise<void> {
    await vi.waitFor(async () => expect(await sandboxes.containers()).toEqual([]), { timeout: 20_000, interval: 100 });
  }

  describe('the socket proxy before a real engine', () => {
    /** Asks the proxy; a container that came of it would be seen below. */
    async function ask(method: string, url: string, body = ''): Promise<{ status: number; text: string }> {
      const text = await sendRaw(sandboxes.proxySocket, request(method, url, body));
      return { status: statusesIn(text)[0] ?? 0, text };
    }

    test.each([
      'mounts / with Binds',
      'mounts / in lower case',
      'mounts / with a long s in HostConfig',
      'mounts / as a volume with driver options',
      'is privileged',
      'is privileged in lower case',
      'has HostConfig twice',
      'has HostConfig twice, the good one last',
      'shares the processes of the host',
      'shares the network of the host',
      'adds every capability',
      'has a device',
      'brings its own filter',
      'is root',
    ])('no container that %s', async (name) => {
      const { status } = await ask('POST', '/containers/create', bodies[name]);
      expect(status).toBe(403);
      expect(await sandboxes.containers()).toEqual([]);
    });

    test('the engine itself would have made such a container, and it would have read the host', async () => {
      const options = ['--volume', '/:/host:ro', '--entrypoint', '/usr/local/bin/node', '--network', 'none'];
      const read = `console.log(require('node:fs').readFileSync('/host${folder}/secret', 'utf8'))`;
      const shown = await sandboxes.daemon.run('docker', 'run', '--rm', ...options, sandboxImage, '--eval', read);
      expect(shown).toBe(secret);
    });

    test('nothing of a container that is somebody else’s', async () => {
      const options = ['--detach', '--env', `KEY=${secret}`, '--network', 'none', '--interactive'];
      const program = ['--entrypoint', '/usr/local/bin/node', sandboxImage];
      const id = await sandboxes.daemon.run('docker', 'run', ...options, ...program);
      const asked = await Promise.all([
        ask('GET', `/containers/${id}/json`),
        ask('GET', `/containers/${id}/archive?path=/etc/passwd`),
        ask('GET', `/containers/${id}/logs?stdout=true`),
        ask('POST', `/containers/${id}/exec`, '{"Cmd":["/usr/local/bin/node"]}'),
        ask('POST', `/containers/${id}/kill?signal=KILL`),
        ask('DELETE', `/containers/${id}?force=true&v=true`),
        ask('GET', '/containers/json?all=true'),
      ]);
      expect(asked.map(({ status }) => status)).toEqual([403, 403, 403, 403, 403, 403, 200]);
      expect(asked.filter(({ text }) => text.includes(secret) || text.includes(`"Id":"${id}"`))).toEqual([]);
      expect(await sandboxes.containers()).toEqual([id]);
      await sandboxes.daemon.run('docker', 'rm', '--force', id);
    });

    test('no image, no build, no volume, no network', async () => {
      const asked = await Promise.all([
        ask('POST', '/images/create?fromImage=alpine&tag=latest'),
        ask('POST', '/build'),
        ask('POST', '/volumes/create', '{}'),
        ask('POST', '/networks/create', '{"Name":"x"}'),
        ask('GET', '/images/json'),
      ]);
      expect(asked.map(({ status }) => status)).toEqual([403, 403, 403, 403, 403]);
    });

    test('the night removes old containers of ours, and neither young ones nor those of others', async () => {
      const ours = new Docker({ socketPath: sandboxes.proxySocket });
      const options: object = { _query: {}, _body: sandboxContainerBody({ runtime: 'node', memoryMiB: 64 }) };
      await ours.createContainer(options);
      const theirs = await new Docker({ socketPath: sandboxes.engineSocket }).createContainer({
        Image: sandboxImage,
        Cmd: ['node'],
      });
      const hourMs = 60 * 60_000;
      expect(await removeOldContainers(sandboxes.proxyUrl, Date.now() - hourMs)).toBe(0);
      expect(await sandboxes.containers()).toHaveLength(2);
      expect(await removeOldContainers(sandboxes.proxyUrl, Date.now() + hourMs)).toBe(1);
      expect(await sandboxes.containers()).toEqual([theirs.id]);
      await theirs.remove();
    });

    test('the container it makes is confined as it should be', async () => {
      const docker = new Docker({ socketPath: sandboxes.proxySocket });
      const options: object = { _query: {}, _body: sandboxContainerBody({ runtime: 'node', memoryMiB: 64 }) };
      const { id } = await docker.createContainer(options);
      const [shown] = JSON.parse(await sandboxes.daemon.run('docker', 'inspect', id)) as [Record<string, unknown>];
      expect(shown).toMatchObject({
        Config: { User: '65534:65534', Labels: { 'talos.owner': 'test' } },
        HostConfig: { Privileged: false, Binds: null, CapDrop: ['ALL'], ReadonlyRootfs: true, NetworkMode: 'none' },
        Mounts: [],
      });
      await docker.getContainer(id).remove({ force: true, v: true });
    });

    test('writes down what it refused, and no bodies', () => {
      const refused = sandboxes.decisions.map((line) => JSON.parse(line) as { decision: string });
      expect(refused.filter(({ decision }) => decision === 'refused').length).toBeGreaterThan(20);
      expect(sandboxes.decisions.join('\n')).not.toMatch(/Binds|Privileged/);
    });
  });

  describe('the driver', () => {
    test('proves containment, runs a skill, leaves nothing', async () => {
      const sandbox = createSandbox(createDockerDriver(sandboxes.proxyUrl));
      await expect(sandbox.prove(never)).resolves.toMatchObject({ driver: 'docker', limits: 'docker' });
      const report = await sandbox.run(skill('export default () => process.getuid()'), noPowers, never);
      expect(report).toMatchObject({ verdict: 'ok', output: 65_534 });
      await sandbox.close();
      await expectNothingLeft();
    });

    test('says what to run when the image is missing', async () => {
      await sandboxes.daemon.run('docker', 'tag', sandboxImage, 'kept:here');
      await sandboxes.daemon.run('docker', 'rmi', sandboxImage);
      await sandboxes.endProxy('SIGTERM');
      await sandboxes.startProxy();
      const fix = 'infra/docker/sandbox/build.sh';
      const proving = createDockerDriver(sandboxes.proxyUrl).prepare(never);
      await expect(proving).rejects.toMatchObject({ code: 'SANDBOX_UNAVAILABLE', details: { fix } });
      await sandboxes.daemon.run('docker', 'tag', 'kept:here', sandboxImage);
      await expect(createDockerDriver(sandboxes.proxyUrl).prepare(never)).resolves.toMatchObject({ hasPython: true });
    });

    test('says what to run when there is no proxy', async () => {
      const proving = createDockerDriver(`unix://${folder}/nothing.sock`).prepare(never);
      await expect(proving).rejects.toMatchObject({
        code: 'SANDBOX_UNAVAILABLE',
        message: expect.stringContaining('node infra/docker/socket-proxy/main.ts'),
      });
    });
  });

  if (isRoot) {
    const create = async () => createSandbox(createDockerDriver(sandboxes.proxyUrl));
    const leftovers = async () => (await sandboxes.containers()).length;
    describeSandbox('sandbox in Docker', create);
    describeContainment('Docker', { create, leftovers });
  }

  describe('killed with -9', () => {
    test('a worker leaves no container', async () => {
      const child = spawn(process.execPath, [worker, sandboxes.proxyUrl], { stdio: ['ignore', 'pipe', 'inherit'] });
      await once(child.stdout, 'data');
      expect(await sandboxes.containers()).toHaveLength(1);
      child.kill('SIGKILL');
      await expectNothingLeft();
    });

    test('the proxy makes the run an infrastructure fault; the next proxy removes the container', async () => {
      const sandbox = createSandbox(createDockerDriver(sandboxes.proxyUrl), { size: 0 });
      await sandbox.prove(never);
      const running = sandbox.run(
        skill('export default () => new Promise(() => setInterval(() => 0, 1000))'),
        noPowers,
        never,
      );
      const fault = expect(running).rejects.toMatchObject({ code: 'SANDBOX_FAILED' });
      await vi.waitFor(async () => expect(await sandboxes.containers()).toHaveLength(1), { timeout: 10_000 });
      await sandboxes.endProxy('SIGKILL');
      await fault;
      await sandboxes.startProxy();
      await expectNothingLeft();
      await sandbox.close();
    });
  });
});
