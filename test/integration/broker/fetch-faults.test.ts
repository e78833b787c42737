import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type Server } from 'node:tls';
import { promisify } from 'node:util';

import { afterEach, describe, expect, test } from 'vitest';

import { egressRule } from '../../../domain/skills/egress.ts';
import { scratchFolder } from '../../support/scratch-folder.ts';
import { failure, powersOf, startServer } from './support.ts';

const hosts = ['api.example.org', 'other.example.org'];

let server: Awaited<ReturnType<typeof startServer>>;
afterEach(() => server.close());

describe('a host that misbehaves', () => {
  test('with a reply without end is cut off', async () => {
    server = await startServer((_seen, _request, response) => {
      const block = Buffer.alloc(65_536);
      const more = (): void => {
        while (!response.destroyed && response.write(block));
      };
      response.on('drain', more);
      more();
    });
    const { fetch } = powersOf({ hosts }, { dial: server.dial });
    expect(await failure(fetch({ url: 'https://api.example.org/' }))).toMatchObject({ code: 'BODY_TOO_LARGE' });
  });

  test.each<[string, (response: ServerResponse) => void]>([
    ['never answers', () => {}],
    ['stops in the middle', (response) => void response.writeHead(200).write('so far')],
    [
      'drips',
      (response) => {
        const timer = setInterval(() => response.write('.'), 5);
        response.on('close', () => clearInterval(timer));
      },
    ],
  ])('that %s is given up', async (_what, answer) => {
    server = await startServer((_seen, _request, response) => answer(response));
    const { fetch, egress } = powersOf({ hosts }, { dial: server.dial, timeoutMs: 100 });
    expect(await failure(fetch({ url: 'https://api.example.org/' }))).toMatchObject({
      code: 'HOST_UNAVAILABLE',
      message: expect.stringContaining('too long'),
    });
    expect(egress()).toMatchObject([{ allowed: true, reason: 'HOST_UNAVAILABLE' }]);
  });

  test('that breaks off, or speaks no HTTP, is unavailable', async () => {
    server = await startServer((_seen, request) => void request.socket.end('no http\r\n\r\n'));
    const { fetch } = powersOf({ hosts }, { dial: server.dial });
    expect(await failure(fetch({ url: 'https://api.example.org/' }))).toMatchObject({ code: 'HOST_UNAVAILABLE' });
  });

  test('whose name cannot be resolved is unavailable, with nothing sent', async () => {
    server = await startServer((_seen, _request, response) => void response.end());
    const resolve = () => Promise.reject(Object.assign(new Error('no'), { code: 'ENOTFOUND' }));
    const { fetch, egress } = powersOf({ hosts }, { dial: server.dial, resolve });
    expect(await failure(fetch({ url: 'https://api.example.org/' }))).toMatchObject({ code: 'HOST_UNAVAILABLE' });
    expect(egress()).toMatchObject([{ allowed: false }]);
    const never = powersOf({ hosts }, { dial: server.dial, resolve: () => new Promise(() => {}), timeoutMs: 50 });
    expect(await failure(never.fetch({ url: 'https://api.example.org/' }))).toMatchObject({ code: 'HOST_UNAVAILABLE' });
  });
});

describe('a run', () => {
  test('tries ten hosts a second and sixty in all, refusals among them', async () => {
    server = await startServer((_seen, _request, response) => void response.end());
    let at = 0;
    const { fetch, egress } = powersOf({ hosts }, { dial: server.dial, now: () => at });
    const attempt = async (index: number) =>
      (await failure(fetch({ url: `https://${index % 2 === 0 ? 'api.example.org' : 'evil.example'}/` }))).code;
    const codes: (string | undefined)[] = [];
    for (let index = 0; index < 11; index += 1) codes.push(await attempt(index));
    expect(codes.at(-1)).toBe('TOO_MANY_REQUESTS');
    expect(codes.slice(0, -1)).not.toContain('TOO_MANY_REQUESTS');
    for (let index = 0; index < 80; index += 1) {
      at += 100;
      await attempt(index);
    }
    expect(egress()).toHaveLength(egressRule.mostAttempts);
    expect(server.seen).toHaveLength(egressRule.mostAttempts / 2);
  });
});

describe('TLS', () => {
  let secure: Server | undefined;
  afterEach(() => secure?.close());

  test('has to be of the host that was asked for, and signed by somebody who is trusted', async () => {
    server = await startServer((_seen, _request, response) => void response.end());
    const dir = scratchFolder();
    const words = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
    const files = ['-keyout', `${dir}/key.pem`, '-out', `${dir}/cert.pem`, '-subj', '/CN=api.example.org'];
    await promisify(execFile)('openssl', [...words, ...files, '-addext', 'subjectAltName=DNS:api.example.org']);
    const [key, cert] = await Promise.all([readFile(`${dir}/key.pem`), readFile(`${dir}/cert.pem`)]);
    const names: (string | false | null)[] = [];
    secure = createServer({ key, cert }, (socket) => {
      names.push((socket as unknown as { servername: string | false | null }).servername);
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok'));
    }).listen(0, '127.0.0.1');
    await once(secure, 'listening');
    const { port } = secure.address() as AddressInfo;
    const dialWith = (ca?: Buffer) => (target: { host: string }) =>
      connect({ host: '127.0.0.1', port, servername: target.host, ...(ca !== undefined && { ca }) });
    const trusting = powersOf({ hosts }, { dial: dialWith(cert) });
    expect(await trusting.fetch({ url: 'https://api.example.org/' })).toMatchObject({ status: 200, body: 'ok' });
    expect(names).toEqual(['api.example.org']);
    expect(await failure(trusting.fetch({ url: 'https://other.example.org/' }))).toMatchObject({
      code: 'HOST_UNAVAILABLE',
    });
    const { fetch } = powersOf({ hosts }, { dial: dialWith() });
    expect(await failure(fetch({ url: 'https://api.example.org/' }))).toMatchObject({ code: 'HOST_UNAVAILABLE' });
  });
});
