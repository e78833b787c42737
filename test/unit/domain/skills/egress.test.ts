import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { decideEgress, headersToSend, type Hop, nextHop } from '../../../../domain/skills/egress.ts';

const hosts = ['api.example.org', '0x7f.1', 'xn--bcher-kva.example'];
const decide = (url: string) => decideEgress(url, { hosts });

describe('where a skill may go', () => {
  it.each([
    ['https://api.example.org', '/'],
    ['https://api.example.org/a/b?c=d&e=%20f#part', '/a/b?c=d&e=%20f'],
    ['https://api.example.org:443/x', '/x'],
    ['https://api.example.org?x=1', '/?x=1'],
    ['https://api.example.org/a/../b', '/b'],
    ['https://api.example.org/@evil.example/', '/@evil.example/'],
    ['https://api.example.org//evil.example/', '//evil.example/'],
  ])('%s is allowed', (url, path) => {
    expect(decide(url)).toEqual({ allowed: true, host: 'api.example.org', path });
  });

  it.each([
    ['http://api.example.org/', 'only https'],
    ['HTTPS://api.example.org/', 'only https'],
    ['ftp://api.example.org/', 'only https'],
    ['file:///etc/passwd', 'only https'],
    ['data:text/plain,x', 'only https'],
    ['//api.example.org/', 'only https'],
    ['', 'percent-encoded'],
    [' https://api.example.org/', 'percent-encoded'],
    ['https://API.example.org/', 'plain'],
    ['https://api.example.org./', 'does not name'],
    ['https://.api.example.org/', 'does not name'],
    ['https://sub.api.example.org/', 'does not name'],
    ['https://example.org/', 'does not name'],
    ['https://api.example.org.evil.example/', 'does not name'],
    ['https://evil.example/api.example.org', 'does not name'],
    ['https://evil.example#api.example.org', 'does not name'],
    ['https://evil.example?api.example.org', 'does not name'],
    ['https://user@api.example.org/', 'plain'],
    ['https://api.example.org@evil.example/', 'plain'],
    ['https://api.example.org:443@evil.example/', 'plain'],
    ['https://api.example.org:8443/', 'plain'],
    ['https://api.example.org:0443/', 'plain'],
    ['https://api.example.org:443:443/', 'plain'],
    ['https://evil.example\u0000.api.example.org/', 'percent-encoded'],
    ['https://api.example.org\u0000.evil.example/', 'percent-encoded'],
    ['https://api.example.org%00.evil.example/', 'plain'],
    ['https://api.example.org\\@evil.example/', 'percent-encoded'],
    ['https:\\\\api.example.org/', 'percent-encoded'],
    ['https://api.example.org\t/', 'percent-encoded'],
    ['https://api.example.org/\r\nHost: evil.example', 'percent-encoded'],
    ['https://api。example。org/', 'percent-encoded'],
    ['https://аpi.example.org/', 'percent-encoded'],
    ['https://127.0.0.1/', 'does not name'],
    ['https://0x7f.1/', 'not a name'],
    ['https://2130706433/', 'does not name'],
    ['https://[::1]/', 'plain'],
    ['https://localhost/', 'does not name'],
    ['https://169.254.169.254/latest/meta-data', 'does not name'],
    [`https://api.example.org/${'a'.repeat(5000)}`, 'longer'],
  ])('%j is refused', (url, reason) => {
    expect(decide(url)).toMatchObject({ allowed: false, reason: expect.stringContaining(reason) });
  });

  it('tells no password and nothing unprintable of a refused host', () => {
    expect(decide('https://user:hunter2@evil.example/')).toMatchObject({ host: 'evil.example' });
    expect(decide(`https://ev\u0000il\u001b[31m/${'x'.repeat(999)}`).host).toMatch(/^[\x21-\x7e]{1,100}$/);
  });

  it('agrees with the URL parser on every allowed URL', () => {
    const piece = fc.constantFrom('https://', 'http://', 'api.example.org', 'evil.example', '@', ':443', ':', '.', '/');
    const odd = fc.constantFrom('\\', '\u0000', '%00', '#', '?', '//', ' ', '\t', '。', 'ſ', '[', ']', '0x7f.1', 'a');
    const url = fc.array(fc.oneof({ weight: 3, arbitrary: piece }, odd, fc.string({ maxLength: 3 })), { maxLength: 8 });
    fc.assert(
      fc.property(url, (parts) => {
        const text = `https://${parts.join('')}`;
        for (const one of [text, parts.join(''), `https://api.example.org${parts.join('')}`]) {
          const decision = decide(one);
          if (!decision.allowed) continue;
          const parsed = new URL(one);
          expect(hosts).toContain(decision.host);
          expect(parsed).toMatchObject({ protocol: 'https:', hostname: decision.host, port: '', username: '' });
          expect(decision.path).toBe(`${parsed.pathname}${parsed.search}`);
          expect(decision.path).toMatch(/^\/[\x21-\x7e]*$/);
        }
      }),
      { numRuns: 5000 },
    );
  });
});

describe('the headers of a skill', () => {
  const secrets = [{ name: 'KEY', host: 'api.example.org', header: 'X-Api-Key' }];

  it('are sent, but for those that are the host to set', () => {
    const mine = { Accept: 'text/html', 'X-Mine': '1', 'Content-Type': 'text/plain' };
    const others = ['Host', 'AUTHORIZATION', 'Cookie', 'Proxy-Authorization', 'Transfer-Encoding', 'X-API-KEY', 'te'];
    const more = ['Connection', 'X-Forwarded-For', 'Content-Length', 'Expect', 'Upgrade', 'Sec-Fetch-Mode', 'Origin'];
    const given = { ...mine, ...Object.fromEntries([...others, ...more].map((name) => [name, 'x'])) };
    expect(headersToSend(given, { secrets })).toEqual({
      accept: 'text/html',
      'x-mine': '1',
      'content-type': 'text/plain',
    });
  });
});

describe('a redirect', () => {
  const headers = { accept: '*/*', 'x-mine': '1', 'content-type': 'text/plain' };
  const hop: Hop = { url: 'https://a.example/x', method: 'POST', headers, body: 'text', isFirstHost: true };
  const follow = (status: number, location?: string, from: Hop = hop) => nextHop(from, { status, location });

  it.each([200, 201, 300, 304, 305, 404])('is none with status %i', (status) => {
    expect(follow(status, '/y')).toBeUndefined();
  });

  it('keeps everything on the same host', () => {
    expect(follow(307, '/y')).toEqual({ ...hop, url: 'https://a.example/y' });
  });

  it.each([301, 302, 303])('with status %i becomes a GET without a body', (status) => {
    const next = follow(status, 'y#part');
    expect(next).toEqual({
      url: 'https://a.example/y',
      method: 'GET',
      headers: { accept: '*/*', 'x-mine': '1' },
      isFirstHost: true,
    });
  });

  it('drops the own headers for another host, and is not the first host any more', () => {
    const away = follow(308, 'https://b.example/') ?? hop;
    expect(away).toMatchObject({ headers: { accept: '*/*', 'content-type': 'text/plain' }, isFirstHost: false });
    const back = follow(308, 'https://a.example/', away) ?? hop;
    expect(back).toMatchObject({ isFirstHost: false });
    expect(follow(308, '/again', back)).toMatchObject({ isFirstHost: false });
  });

  it.each([
    ['/s?q={a}|b^c`d', '/s?q=%7Ba%7D%7Cb%5Ec%60d'],
    ['/a|b?c=\\&d="<>"', '/a%7Cb?c=%5C&d=%22%3C%3E%22'],
    ['/ü b', '/%C3%BC%20b'],
  ])('to %j is taken as browsers do, though a skill has to encode that', (location, path) => {
    const from = { ...hop, url: 'https://api.example.org/' };
    expect(decide(`https://api.example.org${location}`)).toMatchObject({ allowed: false });
    expect(decide(follow(302, location, from)?.url ?? '')).toEqual({ allowed: true, host: 'api.example.org', path });
  });

  it('to what cannot be read is refused afterwards', () => {
    expect(decide(follow(302, 'https://[')?.url ?? '')).toMatchObject({ allowed: false });
    expect(decide(follow(302, 'http://api.example.org/')?.url ?? '')).toMatchObject({ allowed: false });
  });
});
