import { afterEach, describe, expect, test } from 'vitest';

import { createMemoryAuditLog } from '../../../adapters/memory/audit-log.ts';
import { isHostFault } from '../../../domain/skills/blame.ts';
import { egressRule } from '../../../domain/skills/egress.ts';
import { failure, powersOf, publicAddress, startServer } from './support.ts';

const hosts = ['api.example.org', 'other.example.org'];
const secret = 'Bearer s3cr3t-of-the-owner';
const secrets = [{ name: 'API_KEY', host: 'api.example.org', header: 'Authorization' }];

let server: Awaited<ReturnType<typeof startServer>>;
afterEach(() => server.close());

describe('fetching', () => {
  test('sends what was asked for to the address that was checked, and gives the reply', async () => {
    server = await startServer((_seen, _request, response) => {
      response.writeHead(201, { 'content-type': 'text/plain', 'x-theirs': 'yes' }).end('grüße');
    });
    const { fetch, egress, audit } = powersOf({ hosts }, { dial: server.dial });
    const reply = await fetch({
      url: 'https://api.example.org/a?b=c',
      method: 'POST',
      headers: { 'X-Mine': '1', Authorization: 'mine', Host: 'evil.example', Cookie: 'a=b' },
      body: '{"ü":1}',
    });
    expect(reply).toMatchObject({ status: 201, body: 'grüße', encoding: 'utf8', headers: { 'x-theirs': 'yes' } });
    expect(server.seen).toMatchObject([{ host: 'api.example.org', method: 'POST', url: '/a?b=c', body: '{"ü":1}' }]);
    expect(server.seen[0]?.headers).toMatchObject({
      'x-mine': '1',
      'accept-encoding': 'identity',
      connection: 'close',
    });
    expect(server.seen[0]?.headers).not.toHaveProperty('authorization');
    expect(server.seen[0]?.headers).not.toHaveProperty('cookie');
    expect(server.dialled).toEqual([{ address: publicAddress, host: 'api.example.org' }]);
    expect(egress()).toEqual([{ host: 'api.example.org', method: 'POST', allowed: true, status: 201, bytes: 7 }]);
    expect(audit.events()).toMatchObject([
      {
        type: 'skill-egress',
        subject: 'test-skill',
        details: { run: 'run-1', host: 'api.example.org', allowed: true },
      },
    ]);
  });

  test('gives bytes that are no text as base64', async () => {
    const bytes = Buffer.from([0, 255, 254, 10]);
    server = await startServer((_seen, _request, response) => void response.end(bytes));
    const { fetch } = powersOf({ hosts }, { dial: server.dial });
    expect(await fetch({ url: 'https://api.example.org/' })).toMatchObject({
      body: bytes.toString('base64'),
      encoding: 'base64',
    });
  });

  test.each([
    'https://evil.example/',
    'http://api.example.org/',
    'https://api.example.org\u0000.evil.example/',
    'https://evil.example\u0000.api.example.org/',
    'https://user:pw@api.example.org/',
    'https://127.0.0.1/',
  ])('is denied for %j, recorded and audited, and nothing is resolved or dialled', async (url) => {
    server = await startServer((_seen, _request, response) => void response.end());
    const asked: string[] = [];
    const resolve = async (host: string) => (asked.push(host), [publicAddress]);
    const { fetch, egress, audit } = powersOf({ hosts }, { dial: server.dial, resolve });
    expect(await failure(fetch({ url }))).toMatchObject({ code: 'PERMISSION_DENIED' });
    expect({ asked, dialled: server.dialled, seen: server.seen }).toEqual({ asked: [], dialled: [], seen: [] });
    expect(egress()).toMatchObject([{ allowed: false, bytes: 0 }]);
    expect(audit.events()).toMatchObject([{ type: 'skill-egress', details: { allowed: false } }]);
  });

  test.each(['0.0.0.0', '::', '127.0.0.1', '10.1.2.3', '::1', '::ffff:127.0.0.1', '64:ff9b::7f00:1', '100.64.0.1'])(
    'is refused when the name leads to %s: by no fault of the skill, unless among public ones',
    async (address) => {
      server = await startServer((_seen, _request, response) => void response.end());
      for (const [addresses, code] of [
        [[address], 'HOST_UNAVAILABLE'],
        [[publicAddress, address], 'PERMISSION_DENIED'],
      ] as const) {
        const { fetch, egress, audit } = powersOf(
          { hosts },
          { dial: server.dial, resolve: async () => [...addresses] },
        );
        const thrown = await failure(fetch({ url: 'https://api.example.org/' }));
        expect(thrown).toMatchObject({ code, message: expect.stringContaining('public Internet') });
        expect(isHostFault(thrown)).toBe(code === 'HOST_UNAVAILABLE');
        expect(egress()).toMatchObject([{ host: 'api.example.org', allowed: false }]);
        expect(audit.events()).toMatchObject([{ type: 'skill-egress', details: { allowed: false } }]);
      }
      expect(server.dialled).toEqual([]);
    },
  );

  test.each(['169.254.169.254', '::ffff:169.254.169.254', 'fe80::1'])(
    'is denied when the name leads to %s, which no filter answers',
    async (address) => {
      server = await startServer((_seen, _request, response) => void response.end());
      const { fetch, egress } = powersOf({ hosts }, { dial: server.dial, resolve: async () => [address] });
      expect(await failure(fetch({ url: 'https://api.example.org/' }))).toMatchObject({ code: 'PERMISSION_DENIED' });
      expect(egress()).toMatchObject([{ host: 'api.example.org', allowed: false }]);
      expect(server.dialled).toEqual([]);
    },
  );

  test('is denied when the name means the own network wherever it is asked for', async () => {
    server = await startServer((_seen, _request, response) => void response.end());
    for (const host of ['api.localhost', 'printer.local', 'metadata.google.internal', 'router.home.arpa']) {
      const { fetch } = powersOf({ hosts: [host] }, { dial: server.dial, resolve: async () => ['10.1.2.3'] });
      expect(await failure(fetch({ url: `https://${host}/` }))).toMatchObject({ code: 'PERMISSION_DENIED' });
    }
    expect(server.dialled).toEqual([]);
  });

  test('is refused when the name leads to a public address of this machine, or to none', async () => {
    server = await startServer((_seen, _request, response) => void response.end());
    for (const odd of [{ ownAddresses: () => [publicAddress] }, { resolve: async () => [] }]) {
      const { fetch } = powersOf({ hosts }, { dial: server.dial, ...odd });
      expect(await failure(fetch({ url: 'https://api.example.org/' }))).toMatchObject({ code: 'HOST_UNAVAILABLE' });
    }
    expect(server.dialled).toEqual([]);
  });

  test('dials the address that was checked though the name leads elsewhere a moment later', async () => {
    server = await startServer((_seen, _request, response) => void response.end('ok'));
    const answers = [[publicAddress], ['127.0.0.1']];
    const { fetch } = powersOf({ hosts }, { dial: server.dial, resolve: async () => answers.shift() ?? [] });
    expect(await fetch({ url: 'https://api.example.org/' })).toMatchObject({ body: 'ok' });
    expect(server.dialled).toEqual([{ address: publicAddress, host: 'api.example.org' }]);
    expect(await failure(fetch({ url: 'https://api.example.org/' }))).toMatchObject({ code: 'HOST_UNAVAILABLE' });
    expect(server.dialled).toHaveLength(1);
  });

  test('does not happen when it cannot be audited', async () => {
    server = await startServer((_seen, _request, response) => void response.end());
    const audit = createMemoryAuditLog();
    audit.refuse(true);
    const { fetch } = powersOf({ hosts }, { dial: server.dial, audit });
    expect(await failure(fetch({ url: 'https://api.example.org/' }))).toMatchObject({ code: 'AUDIT_UNAVAILABLE' });
    expect(server.dialled).toEqual([]);
  });

  test.each<[string, object]>([
    ['a header with a line break', { headers: { 'X-Mine': 'a\r\nHost: evil.example' } }],
    ['a header name with a line break', { headers: { 'a\r\nb': 'c' } }],
    ['a method that is none', { method: 'CONNECT' }],
    ['a field that is none', { agent: 'x' }],
  ])('takes no %s', async (_what, more) => {
    server = await startServer((_seen, _request, response) => void response.end());
    const { fetch } = powersOf({ hosts }, { dial: server.dial });
    expect(await failure(fetch({ url: 'https://api.example.org/', ...more }))).toMatchObject({
      code: 'VALIDATION_FAILED',
    });
    expect(server.dialled).toEqual([]);
  });
});

describe('a redirect', () => {
  /** Sends /to?<url> on to that URL. */
  const redirecting = () =>
    startServer(({ url }, _request, response) => {
      const [, target] = url.split('/to?');
      if (target === undefined) response.end('arrived');
      else response.writeHead(302, { location: decodeURIComponent(target) }).end();
    });
  const to = (...urls: string[]) =>
    urls.toReversed().reduce((inner, url) => `${url}/to?${encodeURIComponent(inner)}`, 'https://other.example.org/end');

  test('is followed to a host of the manifest, without secrets there and ever after', async () => {
    server = await redirecting();
    const { fetch, egress } = powersOf({ hosts, secrets }, { dial: server.dial, secretOf: () => secret });
    const url = to(
      'https://api.example.org',
      'https://api.example.org',
      'https://other.example.org',
      'https://api.example.org',
    );
    expect(await fetch({ url, headers: { 'X-Mine': '1' } })).toMatchObject({
      body: 'arrived',
      url: 'https://other.example.org/end',
    });
    const sent = server.seen.map(({ host, headers }) => [host, headers.authorization, headers['x-mine']]);
    expect(sent).toEqual([
      ['api.example.org', secret, '1'],
      ['api.example.org', secret, '1'],
      ['other.example.org', undefined, undefined],
      ['api.example.org', undefined, undefined],
      ['other.example.org', undefined, undefined],
    ]);
    expect(egress().map(({ host, status }) => `${host} ${status}`)).toHaveLength(5);
  });

  test.each(['https://evil.example/', 'http://api.example.org/', 'https://127.0.0.1/', 'file:///etc/passwd'])(
    'to %s is refused, as the doing of the host that asked for it',
    async (target) => {
      server = await redirecting();
      const { fetch, egress } = powersOf({ hosts }, { dial: server.dial });
      const url = `https://api.example.org/to?${encodeURIComponent(target)}`;
      const refusal = await failure(fetch({ url }));
      expect(refusal).toMatchObject({
        code: 'HOST_UNAVAILABLE',
        message: expect.stringContaining('sent the request on'),
      });
      expect(isHostFault(refusal)).toBe(true);
      expect(server.seen).toHaveLength(1);
      expect(egress()).toMatchObject([{ allowed: true, status: 302 }, { allowed: false }]);
    },
  );

  test('to a name that leads to this machine is not followed', async () => {
    server = await redirecting();
    const resolve = async (host: string) => [host === 'other.example.org' ? '127.0.0.1' : publicAddress];
    const { fetch } = powersOf({ hosts }, { dial: server.dial, resolve });
    expect(await failure(fetch({ url: to('https://api.example.org') }))).toMatchObject({ code: 'HOST_UNAVAILABLE' });
    expect(server.seen).toHaveLength(1);
  });

  test('that goes in circles ends', async () => {
    server = await startServer((_seen, _request, response) => void response.writeHead(302, { location: '/' }).end());
    const { fetch } = powersOf({ hosts }, { dial: server.dial });
    expect(await failure(fetch({ url: 'https://api.example.org/' }))).toMatchObject({ code: 'HOST_UNAVAILABLE' });
    expect(server.seen).toHaveLength(egressRule.mostRedirects + 1);
  });
});
