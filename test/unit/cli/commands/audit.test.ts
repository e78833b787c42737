import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { openAuditLog } from '../../../../adapters/audit-file.ts';
import { createAuditReader } from '../../../../adapters/audit-file-reader.ts';
import { addAuditCommand } from '../../../../cli/commands/audit.ts';
import { createHome } from './harness.ts';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
let home: Awaited<ReturnType<typeof createHome>>;
let dir = '';

beforeEach(async () => {
  home = await createHome();
  dir = `${home.dir}/logs/tier1`;
  const random = () => randomBytes(4).toString('hex');
  const log = await openAuditLog({ dir, process: 'api', privateKey, now: Date.now, random });
  await log.append({ type: 'hold-set', actor: 'core', subject: 'kitchen', details: { hits: 3 } });
  await log.close();
});

afterEach(() => home.remove());

const audit = (...words: string[]) =>
  home.run(addAuditCommand, ['audit', ...words], { auditReader: createAuditReader(dir, publicKey) });

async function tamper(change: (text: string) => string): Promise<string> {
  const [name = ''] = await readdir(dir);
  const path = `${dir}/${name}`;
  await writeFile(path, change(await readFile(path, 'utf8')));
  return path;
}

describe('talos audit verify', () => {
  it('says that a sound log is sound', async () => {
    expect(await audit('verify')).toMatchObject({ code: 0, stdout: 'OK: 3 entries in 1 segments.\n', stderr: '' });
  });

  it('names file and line of a finding and ends with 70', async () => {
    const path = await tamper((text) => text.replace('"hits":3', '"hits":2'));
    const { code, stdout } = await audit('verify');
    expect({ code, stdout }).toEqual({ code: 70, stdout: `${path}:2: changed: the content does not match its hash\n` });
  });

  it('gives the report as JSON', async () => {
    await tamper((text) => text.slice(0, text.indexOf('\n') + 1));
    const { code, stdout } = await audit('verify', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ sound: true, directory: dir, entries: 1, open: [expect.any(String)] });
  });

  it('tells of a torn line and does not call it tampering', async () => {
    await tamper((text) => `${text.slice(0, text.indexOf('\n') + 1)}{"v":1`);
    const { code, stderr } = await audit('verify');
    expect(code).toBe(0);
    expect(stderr).toContain(':2: torn:');
  });
});

describe('talos audit export', () => {
  it('prints the log as CSV', async () => {
    const { code, stdout, stderr } = await audit('export', '--csv');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '3 entries exported.\n' });
    expect(stdout.split('\r\n')).toHaveLength(5);
    expect(stdout).toContain(',hold-set,core,kitchen,"{""hits"":3}",');
  });

  it('writes it into a file only the owner can read', async () => {
    const file = `${home.dir}/audit.csv`;
    expect(await audit('export', '--csv', '--output', file)).toMatchObject({ code: 0, stdout: '' });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readFile(file, 'utf8')).toMatch(/^time,segment,seq,/);
  });

  it('exports what is readable of a broken log and ends with 70', async () => {
    await tamper((text) => text.replace('{"v":1', '{"v":2'));
    const { code, stdout } = await audit('export', '--csv');
    expect(code).toBe(70);
    expect(stdout).toContain('hold-set');
  });

  it('wants a format and a place it can write to', async () => {
    expect(await audit('export')).toMatchObject({ code: 64 });
    expect(await audit('export', '--csv', '--output', `${home.dir}/none/audit.csv`)).toMatchObject({ code: 64 });
  });
});
