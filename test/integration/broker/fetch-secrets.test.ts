import { gzipSync } from 'node:zlib';

import { afterEach, describe, expect, test } from 'vitest';

import { failure, powersOf, startServer } from './support.ts';

const hosts = ['api.example.org', 'other.example.org'];
const secret = 'Bearer s3cr3t-of-the-owner';
const secrets = [{ name: 'API_KEY', host: 'api.example.org', header: 'Authorization' }];

let server: Awaited<ReturnType<typeof startServer>>;
afterEach(() => server.close());

describe('a secret', () => {
  test('is put in by the host and comes back in nothing, whatever the other side does', async () => {
    const raw = secret.replace('Bearer ', '');
    server = await startServer(({ headers }, _request, response) => {
      const given = headers.authorization ?? '';
      const forms = [given, Buffer.from(raw).toString('base64'), encodeURIComponent(given), JSON.stringify({ given })];
      response.writeHead(200, { 'x-echo': given, 'content-location': `/?k=${raw}` }).end(forms.join('\n'));
    });
    const { fetch, egress, audit } = powersOf({ hosts, secrets }, { dial: server.dial, secretOf: () => secret });
    const reply = await fetch({ url: 'https://api.example.org/', headers: { authorization: 'mine' } });
    expect(server.seen[0]?.headers.authorization).toBe(secret);
    const told = JSON.stringify([reply, egress(), audit.events()]);
    expect(told).not.toContain('s3cr3t');
    expect(told).not.toContain(Buffer.from(raw).toString('base64'));
    expect(reply.body.split('\n')).toHaveLength(4);
  });

  test.each<[string, (given: string) => Buffer | string]>([
    ['in capital hexadecimal', (given) => Buffer.from(given).toString('hex').toUpperCase()],
    [
      'percent-encoded in small letters',
      (given) => encodeURIComponent(given).replaceAll(/%../g, (code) => code.toLowerCase()),
    ],
    ['in JSON that escapes slashes', (given) => JSON.stringify({ given }).replaceAll('/', '\\/')],
    ['in JSON that is safe in HTML', (given) => `"${given.replaceAll('&', '\\u0026').replaceAll('<', '\\u003c')}"`],
    ['in HTML', (given) => given.replaceAll('&', '&amp;').replaceAll('<', '&lt;')],
    ['in UTF-16', (given) => Buffer.from(given, 'utf16le')],
    ['in Base64 with something before', (given) => Buffer.from(`x:${given}`).toString('base64')],
    ['in Base64 with something around', (given) => Buffer.from(`xy${given}!`).toString('base64url')],
  ])('that comes back %s is taken out', async (_what, echo) => {
    const word = 'abc/def&GHI<jkl/MNO?123';
    server = await startServer(({ headers }, _request, response) => {
      response.end(echo((headers.authorization ?? '').replace('Bearer ', '')));
    });
    const { fetch } = powersOf({ hosts, secrets }, { dial: server.dial, secretOf: () => `Bearer ${word}` });
    const { body, encoding } = await fetch({ url: 'https://api.example.org/' });
    expect(Buffer.from(body, encoding === 'utf8' ? 'utf8' : 'base64').toString('latin1')).toContain('[secret]');
  });

  test('that is given as a name and a password comes back as neither', async () => {
    server = await startServer((_seen, _request, response) => void response.end('hello owner, your pass-w0rd is fine'));
    const basic = `Basic ${Buffer.from('owner:pass-w0rd').toString('base64')}`;
    const { fetch } = powersOf({ hosts, secrets }, { dial: server.dial, secretOf: () => basic });
    const { body } = await fetch({ url: 'https://api.example.org/' });
    expect(body).toBe('hello owner, your [secret] is fine');
  });

  test('is not looked for in a packed reply: none is taken', async () => {
    server = await startServer(({ headers }, _request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(JSON.stringify(headers)));
    });
    const { fetch } = powersOf({ hosts, secrets }, { dial: server.dial, secretOf: () => secret });
    expect(await failure(fetch({ url: 'https://api.example.org/' }))).toMatchObject({ code: 'HOST_UNAVAILABLE' });
    // where no secret went there is none to find
    expect(await fetch({ url: 'https://other.example.org/' })).toMatchObject({ encoding: 'base64' });
  });

  test('goes to its host alone', async () => {
    server = await startServer((_seen, _request, response) => void response.end());
    const { fetch } = powersOf({ hosts, secrets }, { dial: server.dial, secretOf: () => secret });
    await fetch({ url: 'https://other.example.org/' });
    expect(server.seen[0]?.headers).not.toHaveProperty('authorization');
  });

  test('that comes back in a redirect is taken out of the address that is told', async () => {
    server = await startServer(({ headers, url }, _request, response) => {
      if (url === '/')
        response.writeHead(302, { location: `/?k=${headers.authorization?.replace('Bearer ', '')}` }).end();
      else response.end('end');
    });
    const { fetch } = powersOf({ hosts, secrets }, { dial: server.dial, secretOf: () => secret });
    expect(JSON.stringify(await fetch({ url: 'https://api.example.org/' }))).not.toContain('s3cr3t');
  });

  test.each([undefined, '', 'line\nbreak', 'ü'])(
    'that is %j is refused before anything is sent, and not told',
    async (value) => {
      server = await startServer((_seen, _request, response) => void response.end());
      const { fetch, egress } = powersOf({ hosts, secrets }, { dial: server.dial, secretOf: () => value });
      const { code, message } = await failure(fetch({ url: 'https://api.example.org/' }));
      expect({ code, message }).toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining('API_KEY') });
      expect(message).not.toContain('line\n');
      expect({ dialled: server.dialled, egress: egress() }).toMatchObject({
        dialled: [],
        egress: [{ allowed: false }],
      });
    },
  );
});
