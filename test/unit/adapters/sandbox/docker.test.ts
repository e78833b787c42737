import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';

import { afterEach, describe, expect, it } from 'vitest';

import { createDockerDriver } from '../../../../adapters/sandbox/docker.ts';
import { createSandbox } from '../../../../adapters/sandbox/sandbox.ts';
import { scratchFolder } from '../../../support/scratch-folder.ts';

const id = 'a'.repeat(64);
const kind = { runtime: 'node', memoryMiB: 64 } as const;

/** A socket proxy that answers the calls it is told to, and is silent on all others, as one is whose engine hangs. */
async function startProxy(answers: Readonly<Record<string, number>>) {
  const socket = join(scratchFolder(), 'proxy.sock');
  const seen: string[] = [];
  const streams: Duplex[] = [];
  const server = createServer((request, response) => {
    const call = `${request.method} ${request.url?.replace(`/containers/${id}`, '').replace(/\?.*/, '')}`;
    seen.push(call);
    const status = answers[call];
    if (status === undefined) return;
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(status === 204 ? '' : JSON.stringify({ Id: id, Version: '28', ApiVersion: '1', message: 'no' }));
  });
  server.on('upgrade', (_request, stream) => {
    streams.push(stream);
    stream.on('error', () => undefined).on('end', () => stream.destroy());
    stream.resume();
    if (answers['attach'] === 101) stream.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n');
  });
  server.listen(socket);
  await once(server, 'listening');
  const close = async (): Promise<void> => {
    for (const stream of streams) stream.destroy();
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  return { url: `unix://${socket}`, seen, streams, close };
}

const made = { 'POST /containers/create': 201, attach: 101 };

describe('the Docker driver before an engine that hangs', () => {
  let proxy: Awaited<ReturnType<typeof startProxy>>;
  afterEach(() => proxy.close());

  it('is not proven, and does not wait for it longer than it is told to', async () => {
    proxy = await startProxy({});
    const sandbox = createSandbox(createDockerDriver(proxy.url));
    await expect(sandbox.prove(AbortSignal.timeout(50))).rejects.toMatchObject({ code: 'SANDBOX_UNAVAILABLE' });
    await sandbox.close();
  });

  it.each<[string, Record<string, number>]>([
    ['makes no container', {}],
    ['attaches nobody', { 'POST /containers/create': 201 }],
    ['starts none', made],
    ['removes none either', { ...made, 'POST /start': 500 }],
  ])('that %s gives up, and holds on to nothing', async (_what, answers) => {
    proxy = await startProxy(answers);
    const driver = createDockerDriver(proxy.url, { patienceMs: 50 });
    await expect(driver.start(kind)).rejects.toMatchObject({ code: 'SANDBOX_FAILED' });
    await driver.close();
    await expect.poll(() => proxy.streams.every(({ destroyed }) => destroyed)).toBe(true);
  });

  it('ends a program by letting go of it where its container cannot be removed', async () => {
    proxy = await startProxy({ ...made, 'POST /start': 204 });
    const driver = createDockerDriver(proxy.url, { patienceMs: 50 });
    const program = await driver.start(kind);
    program.kill();
    expect(await program.ended).toMatchObject({ code: 137 });
    await driver.close();
  });

  it('ends a program whose end nobody tells when it is killed', async () => {
    proxy = await startProxy({ ...made, 'POST /start': 204 });
    const driver = createDockerDriver(proxy.url, { patienceMs: 50 });
    const program = await driver.start(kind);
    proxy.streams[0]?.end();
    await expect.poll(() => proxy.seen).toContain('POST /wait');
    program.kill();
    expect(await program.ended).toMatchObject({ code: 137 });
    await driver.close();
  });
});
