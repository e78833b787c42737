import { access, copyFile, cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createCertificateSigner, publicKeyHex } from '../../../../../adapters/certificate-crypto.ts';
import { addDoctorCommand } from '../../../../../cli/commands/doctor.ts';
import { addSkillsCommand } from '../../../../../cli/commands/skills.ts';
import { TalosError } from '../../../../../domain/errors.ts';
import { formatCertificate, signCertificate } from '../../../../../domain/skills/certificate-seal.ts';
import { cleanRun } from '../../../domain/skills/build.ts';
import { createHome } from '../harness.ts';
import { control, files, nasty, toolsOver } from './support.ts';
import { generateKeyPairSync } from 'node:crypto';

let home: Awaited<ReturnType<typeof createHome>>;

beforeEach(async () => {
  home = await createHome();
});

afterEach(() => home.remove());

const skills = (words: string[], skillTools = toolsOver()) =>
  home.run(addSkillsCommand, ['skills', ...words], { skillTools });

/** Writes the files of a skill into a folder of the home. */
async function writeSkill(folder: string, more: Record<string, string> = {}): Promise<string> {
  const place = join(home.dir, folder);
  for (const [path, text] of Object.entries({ ...files, ...more })) {
    await mkdir(dirname(join(place, path)), { recursive: true });
    await writeFile(join(place, path), text);
  }
  return place;
}

describe('talos skills new', () => {
  it.each(['js', 'ts', 'py'])('makes a skill in %s that is valid, and says what comes next', async (language) => {
    const { code, stdout } = await skills(['new', 'hello', '--language', language, '--path', home.dir]);
    expect(code).toBe(0);
    expect(stdout).toContain(`talos skills test ${home.dir}/hello`);
    const { bundles } = toolsOver();
    expect((await bundles.fromPath(`${home.dir}/hello`)).manifest).toMatchObject({ id: 'hello', language });
  });

  it.each(['../../x', '<b>', 'Hello', ''])('makes nothing for the name %j', async (name) => {
    const { code, stderr } = await skills(['new', name, '--path', `${home.dir}/deep/er`]);
    expect({ code, stderr }).toMatchObject({ code: 64, stderr: expect.stringContaining('such as csv-summary') });
    await expect(access(`${home.dir}/deep`)).rejects.toThrow();
  });

  it('leaves a folder alone that is there', async () => {
    const folder = await writeSkill('hello', { 'skill.json': 'mine' });
    expect((await skills(['new', 'hello', '--path', home.dir])).code).toBe(64);
    expect(await readFile(`${folder}/skill.json`, 'utf8')).toBe('mine');
  });
});

describe('talos skills test', () => {
  it('runs every case and tells how each went', async () => {
    const folder = await writeSkill('hello');
    const { code, stdout } = await skills(['test', folder]);
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringMatching(/^plain-sentence pass ok/m) });
    expect(stdout.match(/ pass ok /g)).toHaveLength(4);
  });

  it('ends with 70 when a case fails, with the reason and nothing that moves the cursor', async () => {
    const folder = await writeSkill('hello');
    const script = (_input: unknown, { log }: { log: (line: string) => void }) => {
      log(nasty);
      throw new Error(nasty);
    };
    const { code, said } = await skills(['test', folder], toolsOver({ script }));
    expect({ code, said }).toMatchObject({ code: 70, said: expect.stringContaining('FAIL exception') });
    expect(said).toContain('4 of 4 cases failed');
    expect(said).not.toMatch(control);
  });

  it('judges outputs by the schema and by the case', async () => {
    const folder = await writeSkill('hello');
    const wrong = await skills(['test', folder, '--json'], toolsOver({ script: () => ({ words: 9, longest: '' }) }));
    expect(JSON.parse(wrong.stdout)).toMatchObject({
      skill: 'hello',
      cases: [
        { case: 'plain-sentence', verdict: 'invalid-output', pass: false, reason: expect.stringContaining('expected') },
        {},
        {},
        {},
      ],
    });
    const unfit = await skills(['test', folder], toolsOver({ script: () => 'text' }));
    expect(unfit.stdout).toContain('invalid-output');
  });

  it('runs nothing without a sandbox that holds', async () => {
    const folder = await writeSkill('hello');
    const { sandbox, ...tools } = toolsOver();
    const refusing = {
      ...(await sandbox('anew')),
      prove: () => Promise.reject(new TalosError('SANDBOX_UNAVAILABLE', 'It does not hold.')),
      run: () => Promise.reject(new Error('must not run')),
    };
    const { code, stderr } = await skills(['test', folder], { ...tools, sandbox: async () => refusing });
    expect({ code, stderr }).toEqual({ code: 69, stderr: 'SANDBOX_UNAVAILABLE: It does not hold.\n' });
  });

  it('says of a broken skill what is wrong', async () => {
    const folder = await writeSkill('hello', { 'skill.json': '{"id": 7}' });
    const { code, stderr } = await skills(['test', folder]);
    expect({ code, stderr }).toMatchObject({ code: 64, stderr: expect.stringContaining('skill.json, field id') });
  });
});

describe('talos skills verify', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const tools = () => toolsOver({ publicKey: publicKeyHex(publicKey) });

  async function promoted(): Promise<string> {
    const folder = await writeSkill('skills/active/hello/0123456789ab');
    const { hash, manifest } = await tools().bundles.fromPath(folder);
    const evidence = { runs: ['a', 'b', 'c'].map(cleanRun), findings: [] };
    const body = { v: 1, bundle: hash, manifest, evidence, approver: 'owner', approval: 'id', promotedAt: 5 } as const;
    const certificate = signCertificate(body, createCertificateSigner(privateKey));
    await writeFile(`${folder}/certificate.json`, formatCertificate(certificate));
    return folder;
  }

  it.each(['hello', 'file'])('finds a certificate that holds by %s, with nothing running', async (way) => {
    const folder = await promoted();
    const { code, stdout } = await skills(['verify', way === 'file' ? `${folder}/certificate.json` : 'hello'], tools());
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('OK: skill hello 0.1.0') });
    expect(stdout).toContain('signed by    this node');
    expect(stdout).toContain('files        are the ones it is for');
  });

  it('prints one JSON object per line for programs, also where former versions have a certificate each', async () => {
    const folder = await promoted();
    const former = folder.replace('active', 'deprecated');
    await cp(folder, former, { recursive: true });
    await cp(folder, former.replace('0123456789ab', 'ba9876543210'), { recursive: true });
    await rm(dirname(folder), { recursive: true });
    const { stdout } = await skills(['verify', 'hello', '--json'], tools());
    const printed = stdout.trimEnd().split('\n');
    expect(printed.map((line) => JSON.parse(line) as unknown)).toMatchObject([{ ok: true }, { ok: true }]);
  });

  it.each([
    ['certificate.json', '"owner"', '"admin"'],
    ['certificate.json', '{', ' {'],
    ['scripts/main.js', 'words', 'wordz'],
  ])('finds a changed byte in %s', async (file, from, to) => {
    const folder = await promoted();
    const text = await readFile(`${folder}/${file}`, 'utf8');
    await writeFile(`${folder}/${file}`, text.replace(from, to));
    const { code, stdout } = await skills(['verify', 'hello'], tools());
    expect({ code: code === 0, stdout }).toEqual({ code: false, stdout: '' });
  });

  it.each<[string, (folder: string) => Promise<void>]>([
    [
      'other line ends',
      async (folder) => {
        const text = await readFile(`${folder}/SKILL.md`, 'utf8');
        await writeFile(`${folder}/SKILL.md`, text.replaceAll('\n', '\r\n'));
      },
    ],
    ['a hidden file', (folder) => writeFile(`${folder}/scripts/.hidden.js`, 'x')],
    ['an empty folder', (folder) => mkdir(`${folder}/more`)],
    ['its files gone', (folder) => rm(`${folder}/skill.json`)],
  ])('finds %s beside a certificate, as running it would', async (_what, change) => {
    const folder = await promoted();
    await change(folder);
    const { code, stdout } = await skills(['verify', 'hello'], tools());
    expect({ code, stdout }).toEqual({ code: 77, stdout: '' });
  });

  it('takes a copy elsewhere for the skill it is read as', async () => {
    const folder = await promoted();
    const copy = await writeSkill('copy', { '.hidden': 'x' });
    await copyFile(`${folder}/certificate.json`, `${copy}/certificate.json`);
    expect((await skills(['verify', `${copy}/certificate.json`], tools())).code).toBe(0);
  });

  it('finds one of another node', async () => {
    await promoted();
    const { code, stderr } = await skills(['verify', 'hello'], toolsOver({ publicKey: 'a'.repeat(64) }));
    expect({ code, stderr }).toMatchObject({ code: 77, stderr: expect.stringContaining('signed by another node') });
  });

  it('says where there is none', async () => {
    expect((await skills(['verify', 'nobody'])).code).toBe(64);
    expect((await skills(['verify', 'no-such-folder/certificate.json'])).code).toBe(64);
  });
});

describe('talos doctor', () => {
  it('tells which sandbox there is, or why there is none and the fix', async () => {
    const doctor = async (skillTools = toolsOver()) => {
      const { stdout } = await home.run(addDoctorCommand, ['doctor', '--json'], { skillTools });
      const { rows } = JSON.parse(stdout) as { rows: { check: string }[] };
      return rows.find(({ check }) => check === 'sandbox');
    };
    expect(await doctor()).toMatchObject({ state: 'ok', detail: expect.stringContaining('limits by rlimits') });
    const { sandbox, ...tools } = toolsOver();
    const error = new TalosError('SANDBOX_UNAVAILABLE', 'There is no bwrap.', { details: { fix: 'apt install it' } });
    const none = { ...(await sandbox('anew')), prove: () => Promise.reject(error) };
    expect(await doctor({ ...tools, sandbox: async () => none })).toMatchObject({
      state: 'warning',
      fix: 'apt install it',
    });
  });
});
