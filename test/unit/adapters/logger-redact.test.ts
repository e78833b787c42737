import { describe, expect, it } from 'vitest';

import { redactFields, redactText } from '../../../adapters/logger-redact.ts';
import { TalosError } from '../../../domain/errors.ts';

describe('fields of a log line', () => {
  it.each([
    'password',
    'BASIC_AUTH_PASS',
    'token',
    'access_token',
    'botToken',
    'Authorization',
    'proxy-authorization',
    'cookie',
    'set-cookie',
    'apiKey',
    'GEMINI_API_KEY',
    'private_key',
    'clientSecret',
    'credentials',
    'passphrase',
    'code',
  ])('hide the value of %s, however deep', (key) => {
    const fields = { [key]: '4711', inside: [{ deeper: { [key]: ['4711'] } }] };
    expect(JSON.stringify(redactFields(fields))).not.toContain('4711');
  });

  it('keep what only looks like it: counts of tokens, codes of errors, the message key', () => {
    const fields = { promptTokens: 12, tokens: 3, token: 7, code: 'MODEL_UNAVAILABLE', key: 'abc', passed: 'yes' };
    expect(redactFields(fields)).toEqual(fields);
    expect(redactFields({ code: 'ECONNREFUSED' })).toEqual({ code: 'ECONNREFUSED' });
  });

  it('cannot take the place of what every line has', () => {
    expect(redactFields({ level: 'x', time: 1, message: 'm', component: 'c' })).toEqual({
      level_: 'x',
      time_: 1,
      message_: 'm',
      component_: 'c',
    });
  });

  it('show of an error its code, message, stack and causes, and nothing that was sent', () => {
    const reply = Object.assign(new Error('OOM at redis://:hunter22@localhost:1'), {
      code: 'OOM',
      command: { name: 'set', args: ['a private message'] },
    });
    const error = new TalosError('STORE_FULL', 'The store is full.', { cause: reply });
    const text = JSON.stringify(redactFields({ err: error }));
    expect(text).toContain('"code":"STORE_FULL"');
    expect(text).toContain('"code":"OOM"');
    expect(text).toContain('logger-redact.test.ts');
    expect(text).not.toContain('hunter22');
    expect(text).not.toContain('private message');
  });

  it('end somewhere in what contains itself', () => {
    const loop: Record<string, unknown> = {};
    loop['self'] = loop;
    expect(JSON.stringify(redactFields(loop))).toContain('[deeper]');
    expect(redactFields({ big: 1n, run: () => undefined })).toEqual({ big: '1', run: 'function' });
  });
});

describe('text of a log line', () => {
  it.each([
    ['redis://user:hunter22@host/0', 'redis://[redacted]@host/0'],
    ['https://user:hunt@er22@host/0', 'https://[redacted]@host/0'],
    ['Authorization: Basic YWRtaW46c2VjcmV0', 'Authorization: Basic [redacted]'],
    ['sent bearer abcdef123456', 'sent bearer [redacted]'],
    ['http://host:80/a@b', 'http://host:80/a@b'],
    ['basic things', 'basic things'],
  ])('%s is written as %s', (text, shown) => {
    expect(redactText(text)).toBe(shown);
  });

  it('is cut where it would fill the log', () => {
    expect(redactText('x'.repeat(100_000)).length).toBeLessThan(10_000);
  });
});
