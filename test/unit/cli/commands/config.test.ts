import { mkdir, readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { addConfigCommand } from '../../../../cli/commands/config.ts';
import { renderEnvExample, renderReference } from '../../../../domain/config/document.ts';
import { verifyPasswordHash } from '../../../../infra/password-hash.ts';
import { createHome } from './harness.ts';

let home: Awaited<ReturnType<typeof createHome>>;

beforeEach(async () => {
  home = await createHome();
});

afterEach(() => home.remove());

type Options = Parameters<typeof home.run>[2];
const config = (words: string[], options: Options = {}) => home.run(addConfigCommand, ['config', ...words], options);

describe('talos config check', () => {
  it('says OK', async () => {
    expect(await config(['check'])).toMatchObject({ code: 0, stdout: 'OK\n', stderr: '' });
  });

  it('lists every problem with an example', async () => {
    const { code, stderr } = await config(['check'], { file: { TRUST_LEVEL: '9', WEB_BIND: 'everywhere' } });
    expect(code).toBe(78);
    expect(stderr).toContain('WEB_BIND must be an IP address, for example WEB_BIND=127.0.0.1\n');
    expect(stderr).toContain('TRUST_LEVEL must be from 0 to 5, for example TRUST_LEVEL=0\n');
  });

  it.each([
    { WEB_ORIGINS: 'talos.example' },
    { WEB_ORIGINS: 'https://talos.example/path' },
    { LOCAL_ENGINE: 'openai' },
    { LOCAL_ENGINE: 'embedded' },
    { TEMPORAL_TLS_CERT: '/etc/talos.crt' },
    { TEMPORAL_TLS_KEY: '/etc/talos.key' },
  ])('finds what would stop the start: %j', async (file) => {
    const { code, stderr } = await config(['check'], { file });
    expect(code).toBe(78);
    expect(stderr).toMatch(/^CONFIG_INVALID: ([A-Z_]+) .*, for example \1=/);
  });

  it('takes origins, and an engine or a certificate with all that goes with it', async () => {
    const file = {
      WEB_ORIGINS: 'https://talos.example, http://localhost:3000/',
      LOCAL_ENGINE: 'openai',
      OPENAI_BASE_URL: 'http://127.0.0.1:8000/v1',
      TEMPORAL_TLS_CERT: '/etc/talos.crt',
      TEMPORAL_TLS_KEY: '/etc/talos.key',
    };
    expect(await config(['check'], { file })).toMatchObject({ code: 0 });
  });

  it('shows every value with its source, and no secret', async () => {
    const file = { TRUST_LEVEL: '1', STRIKE_THRESHOLD: '2', BASIC_AUTH_PASS: 'a-long-enough-secret' };
    const processEnvironment = { STRIKE_THRESHOLD: '4', LOG_LEVEL: ' ' };
    const { stdout } = await config(['check', '--json'], { file, processEnvironment });
    const { settings } = JSON.parse(stdout) as { settings: { variable: string }[] };
    const of = (variable: string) => settings.find((one) => one.variable === variable);
    expect(of('TRUST_LEVEL')).toEqual({ variable: 'TRUST_LEVEL', source: 'file', value: '1' });
    expect(of('STRIKE_THRESHOLD')).toEqual({ variable: 'STRIKE_THRESHOLD', source: 'environment', value: '4' });
    expect(of('LOG_LEVEL')).toEqual({ variable: 'LOG_LEVEL', source: 'default', value: 'INFO' });
    expect(of('BASIC_AUTH_PASS')).toEqual({ variable: 'BASIC_AUTH_PASS', source: 'file', secret: true, set: true });
    expect(of('GEMINI_API_KEY')).toEqual({ variable: 'GEMINI_API_KEY', source: 'default', secret: true, set: false });
    expect(stdout).not.toContain('a-long-enough-secret');
  });

  it('points at names in the file that are no settings', async () => {
    const { code, stderr } = await config(['check'], { file: { TRUST_LEVLE: '1' } });
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: 'talos.env sets TRUST_LEVLE, which is no setting of Talos.\n',
    });
  });

  it('refuses a home too deep for a socket', async () => {
    const processEnvironment = { TALOS_HOME: `/${'deep'.repeat(30)}` };
    expect(await config(['check'], { processEnvironment })).toMatchObject({ code: 78 });
  });
});

describe('talos config hash', () => {
  it('prints a hash the password fits, another one every time', async () => {
    const password = 'correct horse battery';
    const hash = () => config(['hash'], { input: Readable.from([`${password}\nmore\n`]) });
    const [first, second] = [(await hash()).stdout.trimEnd(), (await hash()).stdout.trimEnd()];
    expect(first).toMatch(/^scrypt:16384:8:5:[\w-]{22}:[\w-]{43}$/);
    expect(first).not.toBe(second);
    expect(await verifyPasswordHash(password, first)).toBe(true);
    expect(await verifyPasswordHash(`${password}!`, first)).toBe(false);
    expect(await config(['check'], { file: { BASIC_AUTH_PASS: first } })).toMatchObject({ code: 0 });
  });

  it.each(['', 'fifteen-charact\n', 'scrypt:16384:8:5:abc\n'])('refuses %j as a password', async (text) => {
    expect(await config(['hash'], { input: Readable.from([text]) })).toMatchObject({ code: 64, stdout: '' });
  });
});

describe('talos config docs', () => {
  it('prints the reference, and writes both documents when told to', async () => {
    await mkdir(`${home.dir}/docs`);
    expect((await config(['docs'])).stdout).toBe(renderReference());
    await config(['docs', '--write']);
    expect(await readFile(`${home.dir}/docs/configuration.md`, 'utf8')).toBe(renderReference());
    expect(await readFile(`${home.dir}/.env.example`, 'utf8')).toBe(renderEnvExample());
  });
});
