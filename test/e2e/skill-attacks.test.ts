import { randomBytes } from 'node:crypto';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { BundleFiles } from '../../domain/skills/bundle.ts';
import { createHome, type TestHome } from '../support/home.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { readAudit, skillsOf, waitingSkill } from './skill-home.ts';

/** A word that is nowhere by chance. */
const needle = `needle${randomBytes(6).toString('hex')}`;
const patience = { timeout: 20_000, interval: 100 };

describe('attacks on skills of a running Talos', () => {
  let home: TestHome;
  let skills: ReturnType<typeof skillsOf>;

  beforeAll(async () => {
    home = await createHome();
    await home.talos('up', '--detach');
    skills = skillsOf(home);
    await skills.activate(waitingSkill('used'));
  });
  afterAll(() => home.remove());

  /** What a call over HTTP is answered with, with the password of the owner. */
  async function post(path: string, body: unknown): Promise<{ status: number; body: Record<string, unknown> }> {
    const response = await fetch(`${home.url}${path}`, {
      method: 'POST',
      headers: { authorization: await home.authorization(), 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }

  /** How a command failed. */
  const failed = (...words: string[]) =>
    home.talos(...words).then(
      ({ stdout }) => ({ code: 0, stderr: '', stdout }),
      (error: { code: number; stderr: string; stdout: string }) => error,
    );

  const promote = ({ id, ...consent }: { id: string; hash: string; tts_code: string }) =>
    post(`/skills/${id}/promote`, consent);
  const promotions = (id: string) =>
    readAudit(home).filter(({ subject, details }) => subject === id && details['to'] === 'active');
  const scriptOf = (shelf: string, id: string): string => {
    const [hash = ''] = readdirSync(join(home.dir, 'skills', shelf, id));
    return join(home.dir, 'skills', shelf, id, hash, 'scripts/main.js');
  };

  function writeSkill(files: BundleFiles): string {
    const folder = scratchFolder();
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    return folder;
  }

  function withManifest(id: string, change: object): BundleFiles {
    const files = waitingSkill(id);
    return {
      ...files,
      'skill.json': JSON.stringify({ ...(JSON.parse(files['skill.json'] ?? '') as object), ...change }),
    };
  }

  it('code that is swapped after the three runs is not promoted, before and after the code was asked for', async () => {
    await skills.submit(waitingSkill('swapped'));
    const consent = await skills.askConsent('swapped');
    appendFileSync(scriptOf('quarantine', 'swapped'), '// more\n');
    expect(await promote(consent)).toMatchObject({ status: 409, body: { code: 'SKILL_CHANGED' } });
    expect(await post('/skills/swapped/tts-request', {})).toMatchObject({
      status: 409,
      body: { code: 'SKILL_CHANGED' },
    });
    expect(await failed('skills', 'approve', 'swapped', '--code', '0000')).toMatchObject({ code: 77 });
    expect(promotions('swapped')).toEqual([]);
  });

  it('a code counts for its version and its skill alone', async () => {
    await Promise.all(['first', 'second'].map((id) => skills.submit(waitingSkill(id))));
    const [first, second] = [await skills.askConsent('first'), await skills.askConsent('second')];
    expect(await promote({ ...first, hash: second.hash })).toMatchObject({ body: { code: 'SKILL_CHANGED' } });
    expect(await promote({ ...second, tts_code: first.tts_code })).toMatchObject({
      body: { code: 'APPROVAL_REFUSED' },
    });
    expect([...promotions('first'), ...promotions('second')]).toEqual([]);
    expect(await promote(second)).toMatchObject({ status: 200 });
    await skills.client.submit(waitingSkill('first', { version: '1.0.1' }));
    await skills.reaches('first', 'awaiting-approval');
    const { hash = '' } = (await skills.life('first')).candidate ?? {};
    expect(await promote({ ...first, hash })).toMatchObject({ status: 403, body: { code: 'APPROVAL_REFUSED' } });
    expect(promotions('first')).toEqual([]);
  });

  it('two approvals at once are one', async () => {
    await skills.submit(waitingSkill('twice'));
    const consent = await skills.askConsent('twice');
    const answers = await Promise.all([1, 2, 3].map(() => promote(consent)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(promotions('twice')).toHaveLength(1);
  });

  it('a changed byte of an active skill keeps it from running, and strikes nobody', async () => {
    await skills.activate(waitingSkill('changed'));
    appendFileSync(scriptOf('active', 'changed'), ' ');
    const input = { ms: 1, text: 'x' };
    expect(await post('/skills/changed/runs', { input })).toMatchObject({
      status: 409,
      body: { code: 'SKILL_CHANGED' },
    });
    expect(await failed('skills', 'verify', 'changed')).toMatchObject({ code: 77 });
    expect((await skills.life('changed')).active?.strikes).toEqual([]);
  });

  it('output that fits no schema is a failure of the skill, with a strike; input that fits none is not', async () => {
    const run = (text: unknown) => post('/skills/used/runs', { input: { ms: 1, text } });
    expect(await run(`lie ${needle}`)).toMatchObject({ status: 422, body: { code: 'SKILL_FAILED' } });
    expect(await run([needle])).toMatchObject({ status: 400, body: { code: 'VALIDATION_FAILED' } });
    const strikes = async () => (await skills.life('used')).active?.strikes;
    await expect.poll(strikes, patience).toMatchObject([{ verdict: 'invalid-output' }]);
  });

  it.each<[string, object, RegExp]>([
    ['schema bomb', { input: bomb() }, /skill\.json, field input.*500 subschemas/],
    ['broken manifest', { version: 'one' }, /skill\.json, field version: .*such as 1\.0\.0/],
    ['name that leaves its folder', { id: '../../x' }, /field id: .*csv-summary/],
    ['name with markup', { id: '<b>x</b>' }, /field id: .*csv-summary/],
  ])('a %s is refused with field, rule and example, over HTTP and by the command', async (_what, change, said) => {
    const files = withManifest('broken', change);
    const answer = await post('/skills', { files });
    expect(answer).toMatchObject({ status: 422, body: { code: 'SKILL_INVALID' } });
    expect(answer.body['detail']).toMatch(said);
    const command = await failed('skills', 'submit', writeSkill(files));
    expect(command.code).toBe(64);
    expect(command.stderr).toMatch(said);
    expect(readdirSync(join(home.dir, 'skills/quarantine'))).not.toContain('broken');
  });

  it.each(['../../x', '<b>x</b>'])(
    'no skill named %s is looked for',
    async (name) => {
      const response = await fetch(`${home.url}/skills/${encodeURIComponent(name)}`, {
        headers: { authorization: await home.authorization() },
      });
      expect(response.status).toBe(400);
      for (const verb of ['show', 'run', 'approve', 'verify', 'new'])
        expect((await failed('skills', verb, name)).code).toBe(64);
    },
    20_000,
  );

  it('no text of a run gets into a history, a log or the audit log', async () => {
    const input = (text: string) => ({ input: { ms: 1, text } });
    expect(await post('/skills/used/runs', input(needle))).toMatchObject({
      status: 200,
      body: { output: { text: needle } },
    });
    expect(await post('/skills/used/runs', input(`fail ${needle}`))).toMatchObject({ status: 422 });
    await expect.poll(async () => (await skills.life('used')).active?.strikes, patience).toHaveLength(2);
    await home.talos('down');
    const holding = (text: string) => filesHolding(home.dir, text).map((path) => path.split('/').slice(0, 2).join('/'));
    expect(holding('skill-run/used/')).toContain('data/temporal'); // what is in a history can be found in it
    expect(new Set(holding(needle))).toEqual(new Set(['data/redis']));
  });
});

/** Definitions that double nineteen times. */
function bomb(): object {
  const definitions = Array.from({ length: 20 }, (_, index) => {
    const next = { $ref: `#/$defs/d${index + 1}` };
    return [`d${index}`, index === 19 ? {} : { allOf: [next, next] }];
  });
  return { $defs: Object.fromEntries(definitions), $ref: '#/$defs/d0' };
}

/** Paths below a folder of the files that hold a text. */
function filesHolding(folder: string, text: string): string[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((file) => join(file.parentPath, file.name));
  return paths.filter((path) => readFileSync(path).includes(text)).map((path) => path.slice(folder.length + 1));
}
