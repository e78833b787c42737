import { once } from 'node:events';
import { statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';

import type Docker from 'dockerode';
import { afterEach, describe, expect, test } from 'vitest';

import { sandboxContainerBody } from '../../../../domain/sandbox/container.ts';
import { startSocketProxy } from '../../../../infra/docker/socket-proxy/proxy.ts';
import { scratchFolder } from '../../../support/scratch-folder.ts';
import { imageId } from './fake-engine.ts';
import { request, sendRaw, statusesIn } from './raw-http.ts';
import { startUnderTest, type UnderTest } from './under-test.ts';

const body = sandboxContainerBody({ runtime: 'node', memoryMiB: 128 });

async function attach(container: Docker.Container): Promise<Socket> {
  const options = { stream: true, stdin: true, stdout: true, stderr: true, hijack: true };
  return (await container.attach(options)) as Socket;
}

describe('the socket proxy', () => {
  const started: UnderTest[] = [];
  afterEach(async () => {
    for (const each of started.splice(0)) await each.close();
  });

  async function start(...options: Parameters<typeof startUnderTest>): Promise<UnderTest> {
    const proxy = await startUnderTest(...options);
    started.push(proxy);
    return proxy;
  }

  function create({ docker }: UnderTest): Promise<Docker.Container> {
    // dockerode repeats a body without `_query` in the address.
    return docker.createContainer({ _query: {}, _body: body } as unknown as Docker.ContainerCreateOptions);
  }

  /** Resolves when the engine has been asked to remove a container. */
  async function removed({ engine }: UnderTest, id: string): Promise<void> {
    await expect.poll(() => engine.containers.has(id)).toBe(false);
  }

  test('lets a sandbox container live from creation to removal', async () => {
    const proxy = await start();
    const container = await create(proxy);
    const stream = await attach(container);
    await container.start();
    stream.write('a skill and its input\n');
    let heard = '';
    stream.on('data', (chunk: Buffer) => (heard += chunk.toString()));
    await expect.poll(() => heard).toBe('ready\na skill and its input\n');
    await container.kill({ signal: 'KILL' });
    const state = { Status: 'exited', Running: false, OOMKilled: false, ExitCode: 0 };
    expect(await container.wait()).toEqual({ StatusCode: 0 });
    expect(await container.inspect()).toEqual({ Id: container.id, State: state });
    await container.remove({ force: true, v: true });
    const path = `/containers/${container.id}`;
    expect(proxy.engine.seen.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'GET /images/talos-sandbox:4.0.0/json',
      'POST /containers/create',
      `POST ${path}/attach?stream=true&stdin=true&stdout=true&stderr=true`,
      `POST ${path}/start`,
      `POST ${path}/kill?signal=KILL`,
      `POST ${path}/wait`,
      `GET ${path}/json`,
      `DELETE ${path}?force=true&v=true`,
    ]);
  });

  test('writes the create body anew: image by id, its own filter, its own label', async () => {
    const proxy = await start();
    await create(proxy);
    const sent = JSON.parse(proxy.engine.seen[1]?.body ?? '') as typeof body;
    const [, filter = ''] = sent.HostConfig.SecurityOpt;
    expect(JSON.parse(filter.replace('seccomp=', ''))).toMatchObject({ defaultAction: 'SCMP_ACT_ERRNO' });
    expect({ ...sent, HostConfig: { ...sent.HostConfig, SecurityOpt: body.HostConfig.SecurityOpt } }).toEqual({
      ...body,
      Image: imageId,
      Labels: { 'talos.runtime': 'node', 'talos.owner': 'test' },
    });
  });

  test('shows of the engine only what is needed', async () => {
    const proxy = await start({}, (engine) => void engine.addContainer({ 'talos.owner': 'somebody else' }));
    const { id } = await create(proxy);
    expect(await proxy.docker.version()).toEqual({ Version: '28.0.0', ApiVersion: '1.48' });
    expect(await proxy.docker.listContainers({ all: true })).toEqual([{ Id: id, State: 'running', Created: 1 }]);
  });

  test('passes nothing on that came as the body of attach', async () => {
    const proxy = await start();
    const { id } = await create(proxy);
    const query = 'stream=true&stdin=true&stdout=true&stderr=true&hijack=true';
    const hidden = request('POST', '/build');
    const socket = connect(proxy.socket);
    socket.write(request('POST', `/containers/${id}/attach?${query}`, hidden, 'tcp'));
    socket.write('input');
    let heard = '';
    socket.on('data', (chunk: Buffer) => (heard += chunk.toString()));
    await expect.poll(() => heard).toMatch(/\r\n\r\nready\ninput$/);
    socket.destroy();
    expect(proxy.engine.seen.filter(({ url }) => url === '/build')).toEqual([]);
  });

  test('removes a container as soon as its caller is gone', async () => {
    const proxy = await start();
    const container = await create(proxy);
    const stream = await attach(container);
    stream.destroy();
    await removed(proxy, container.id);
  });

  test('keeps a container that has ended until its end has been read', async () => {
    const proxy = await start({ keepEndedMs: 50, lookEveryMs: 10 });
    const container = await create(proxy);
    const stream = await attach(container);
    stream.resume();
    proxy.engine.streams.get(container.id)?.end();
    await once(stream, 'end');
    await removed(proxy, container.id);
    expect(proxy.decisions).toContainEqual(expect.objectContaining({ reason: 'its time is over' }));
  });

  test('removes a container nobody attaches to, and one that lives too long', async () => {
    const proxy = await start({ attachWithinMs: 50, maxAgeMs: 200, lookEveryMs: 10 });
    const [lonely, old] = await Promise.all([create(proxy), create(proxy)]);
    const stream = await attach(old);
    await removed(proxy, lonely.id);
    await once(stream.resume(), 'end').catch(() => undefined);
    await removed(proxy, old.id);
  });

  test('lets one caller attach, once', async () => {
    const proxy = await start();
    const container = await create(proxy);
    await attach(container);
    await expect(attach(container)).rejects.toMatchObject({ statusCode: 403 });
  });

  test('holds no more containers than allowed, however many are asked for at once', async () => {
    const proxy = await start({ maxLive: 3 });
    const asked = await Promise.allSettled(Array.from({ length: 10 }, () => create(proxy)));
    expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    expect(proxy.engine.containers.size).toBe(3);
    const [made] = asked.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    await made?.remove({ force: true, v: true });
    await expect(create(proxy)).resolves.toBeDefined();
  });

  test('gives the place back when the engine makes no container', async () => {
    const proxy = await start({ maxLive: 1 }, (engine) => void (engine.hasImage = false));
    const missing = { statusCode: 404, message: expect.stringContaining('No such image') };
    await expect(create(proxy)).rejects.toMatchObject(missing);
    await expect(create(proxy)).rejects.toMatchObject(missing);
    proxy.engine.hasImage = true;
    await expect(create(proxy)).resolves.toBeDefined();
  });

  test('answers no more calls than allowed', async () => {
    const proxy = await start({ callsPerSecond: 0, callBurst: 3 });
    const asked = await Promise.allSettled(Array.from({ length: 5 }, () => proxy.docker.version()));
    expect(asked.map(({ status }) => status)).toEqual([
      ...Array.from({ length: 3 }, () => 'fulfilled'),
      'rejected',
      'rejected',
    ]);
  });

  test('removes what an earlier proxy left, and nothing of anybody else', async () => {
    const ids: string[] = [];
    const proxy = await start({}, (engine) => {
      ids.push(engine.addContainer({ 'talos.owner': 'test' }), engine.addContainer({ 'talos.owner': 'other' }));
    });
    expect([...proxy.engine.containers.keys()]).toEqual(ids.slice(1));
  });

  test('removes every container when it ends', async () => {
    const proxy = await startUnderTest();
    await create(proxy);
    await proxy.close();
    expect(proxy.engine.containers.size).toBe(0);
  });

  test('may be used by its owner and group alone', async () => {
    const proxy = await start();
    expect(statSync(proxy.socket).mode & 0o777).toBe(0o660);
  });

  test('does not take the socket of a proxy that runs, but that of one that was killed', async () => {
    const proxy = await start();
    const options = { engineSocket: proxy.socket, listenSocket: proxy.socket, owner: 'test', audit: () => undefined };
    await expect(startSocketProxy(options)).rejects.toThrow('another process listens');
    expect(statusesIn(await sendRaw(proxy.socket, request('GET', '/version')))).toEqual([200]);
  });

  test('does not start without an engine', async () => {
    const folder = scratchFolder();
    const [engineSocket, listenSocket] = [join(folder, 'engine'), join(folder, 'proxy')];
    const options = { engineSocket, listenSocket, owner: 'test', audit: () => undefined };
    await expect(startSocketProxy(options)).rejects.toThrow('ENOENT');
  });

  test('removes a container after all when the engine was away for a while', async () => {
    const proxy = await start({ keepEndedMs: 0, lookEveryMs: 10 });
    const container = await create(proxy);
    const stream = await attach(container);
    proxy.engine.isBroken = true;
    stream.destroy();
    await expect.poll(() => proxy.decisions).toContainEqual(expect.objectContaining({ decision: 'failed' }));
    expect(proxy.engine.containers.has(container.id)).toBe(true);
    proxy.engine.isBroken = false;
    await removed(proxy, container.id);
  });

  test('removes a container nobody could be attached to, because the engine was away', async () => {
    const proxy = await start({ keepEndedMs: 0, lookEveryMs: 10 });
    const container = await create(proxy);
    proxy.engine.isBroken = true;
    await expect(attach(container)).rejects.toMatchObject({ statusCode: 502 });
    proxy.engine.isBroken = false;
    await removed(proxy, container.id);
  });

  test('removes a container whose maker died before it told of it, and no other', async () => {
    const proxy = await start({ lookEveryMs: 10 });
    const known = await create(proxy);
    proxy.engine.addContainer({ 'talos.owner': 'somebody else' });
    proxy.engine.diesCreating = true;
    await expect(create(proxy)).rejects.toMatchObject({ statusCode: 502 });
    await expect.poll(() => proxy.engine.containers.size).toBe(2);
    expect(proxy.engine.containers.has(known.id)).toBe(true);
  });

  test('says so when the engine has gone', async () => {
    const proxy = await startUnderTest();
    await proxy.engine.close();
    await expect(proxy.docker.version()).rejects.toMatchObject({ statusCode: 502 });
  });

  test('writes every decision down, without bodies', async () => {
    const proxy = await start();
    await create(proxy);
    await sendRaw(proxy.socket, request('POST', '/build', 'a secret'));
    expect(proxy.decisions).toEqual([
      { decision: 'allowed', call: 'POST /containers/create?', status: 201 },
      { decision: 'refused', call: 'POST /build', status: 403, reason: 'this call is not on the list' },
    ]);
  });
});
