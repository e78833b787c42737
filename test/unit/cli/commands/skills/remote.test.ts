import { mkdir, readFile, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { addRunsCommand } from '../../../../../cli/commands/runs.ts';
import { addSkillsCommand } from '../../../../../cli/commands/skills.ts';
import type { SkillLife } from '../../../../../domain/skills/life.ts';
import type { SkillView } from '../../../../../domain/skills/view.ts';
import { makeBundle } from '../../../../support/skill-twins.ts';
import { begun, hashOf, inUse, passed, submitted, waiting, walk } from '../../../domain/skills/build.ts';
import { unborn } from '../../../../../domain/skills/change.ts';
import { createHome, replyJson, type SeenRequest, serveApi } from '../harness.ts';
import { control, files, nasty, toolsOver } from './support.ts';

let home: Awaited<ReturnType<typeof createHome>>;
let api: Awaited<ReturnType<typeof serveApi>> | undefined;

beforeEach(async () => {
  home = await createHome();
});

afterEach(async () => {
  await api?.close();
  api = undefined;
  await home.remove();
});

const id = 'csv-summary';

type Reply = readonly [status: number, body: unknown];

/** Answers each request by its method and path; the last reply of a list is repeated. */
async function serve(replies: Record<string, Reply | Reply[]>): Promise<void> {
  const lists = new Map(
    Object.entries(replies).map(([call, list]) => [call, (Array.isArray(list[0]) ? [...list] : [list]) as Reply[]]),
  );
  const answer = ({ method, path }: SeenRequest, response: ServerResponse): void => {
    const list = lists.get(`${method} ${path.split('?')[0]}`);
    const [status, body] = (list !== undefined && list.length > 1 ? list.shift() : list?.[0]) ?? [
      404,
      problem('NOT_FOUND'),
    ];
    if (Buffer.isBuffer(body)) response.writeHead(status, { 'content-type': 'application/zip' }).end(body);
    else replyJson(response, status, body);
  };
  api = await serveApi(home.socket, answer);
}

const problem = (code: string, detail: string = code) => ({ code, detail });
const viewOf = (life: SkillLife, more: Partial<SkillView> = {}): SkillView => ({
  life,
  shown: (life.candidate ?? life.active)?.hash ?? hashOf('0'),
  manifest: makeBundle(id, { hosts: ['api.example.org'] }).manifest,
  files: { 'main.js': nasty },
  ...more,
});
const skills = (words: string[], input: Readable & { isTTY?: boolean } = Readable.from([])) =>
  home.run(addSkillsCommand, ['skills', ...words], { skillTools: toolsOver(), input });
const seen = () => (api?.seen ?? []).map(({ method, path }) => `${method} ${path}`);
const bodies = () => (api?.seen ?? []).flatMap(({ body }) => (body === '' ? [] : [JSON.parse(body) as unknown]));

describe('talos skills submit and ls', () => {
  it.each(['submit', 'import'])('%s hands in the files of a folder', async (verb) => {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(home.dir, 'hello', path)), { recursive: true });
      await writeFile(join(home.dir, 'hello', path), text);
    }
    await serve({ 'POST /skills': [202, { id: 'hello', hash: hashOf('a'), version: '0.1.0', state: 'quarantined' }] });
    const { code, stdout } = await skills([verb, `${home.dir}/hello`]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'Skill hello 0.1.0 (aaaaaaaaaaaa) is quarantined.\n' });
    expect(bodies()).toEqual([{ files }]);
  });

  it.each(['/nonexistent', 'http://example.org/x', 'https://user:secret@example.org/x'])(
    'refuses %s',
    async (source) => {
      await serve({});
      expect((await skills(['submit', source])).code).toBe(64);
      expect(seen()).toEqual([]);
    },
  );

  it('lists by state, without anything that moves the cursor', async () => {
    const one = {
      id,
      version: '1.0.0',
      hash: hashOf('a'),
      state: 'active',
      runs: 3,
      strikes: 1,
      reason: nasty,
      changedAt: 0,
    };
    await serve({ 'GET /skills': [200, { skills: [one] }] });
    const { code, stdout } = await skills(['ls', '--state', 'active']);
    expect({ code, stdout }).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/csv-summary 1\.0\.0 aaaaaaaaaaaa active 3\/3 1/),
    });
    expect(stdout).not.toMatch(control);
    expect(seen()).toEqual(['GET /skills?state=active']);
  });

  it('says that Talos does not run', async () => {
    expect(await skills(['ls'])).toMatchObject({ code: 69 });
  });
});

describe('talos skills show and diff', () => {
  it('shows all evidence, plain', async () => {
    const life = waiting('a');
    const view = viewOf({ ...life, ...(life.candidate && { candidate: { ...life.candidate, findings: [nasty] } }) });
    await serve({ [`GET /skills/${id}`]: [200, view] });
    const { stdout } = await skills(['show', id, '--code']);
    for (const part of [
      hashOf('a'),
      'send requests to api.example.org',
      'a: ok in 5 ms',
      'not measured',
      '--- main.js',
    ]) {
      expect(stdout).toContain(part);
    }
    expect(stdout).not.toMatch(control);
  });

  it('follows each change until it needs the owner', async () => {
    const lives = [
      walk(unborn(id), [submitted('a')]),
      walk(unborn(id), [submitted('a'), begun('a'), passed('a', 'one')]),
      walk(unborn(id), [submitted('a'), begun('a'), passed('a', 'one')]),
      waiting('a'),
    ];
    await serve({ [`GET /skills/${id}`]: lives.map((life) => [200, viewOf(life)] as const) });
    const { code, stdout } = await skills(['show', id, '--follow']);
    expect(code).toBe(0);
    expect(stdout.split('\n')).toEqual([
      '1.0.97 quarantined 0/3 clean runs',
      '1.0.97 running 1/3 clean runs, last: one in 5 ms',
      '1.0.97 awaiting-approval',
      `It needs you: talos skills approve ${id}`,
      '',
    ]);
  });

  it('follows nothing that is decided', async () => {
    await serve({ [`GET /skills/${id}`]: [200, viewOf(inUse('a'))] });
    expect((await skills(['show', id, '--follow'])).stdout).toBe('1.0.97 active\n');
  });

  it('compares with the version in use', async () => {
    const patch = '--- a/main.js\n+++ b/main.js\n-a\n+\u001b[2Jb\n';
    const diff = {
      from: hashOf('a'),
      to: hashOf('b'),
      manifest: ['It may now search memories.'],
      grew: true,
      files: [{ path: 'main.js', change: 'changed', patch } as const],
    };
    await serve({
      [`GET /skills/${id}`]: [
        [200, viewOf(waiting('b', inUse('a')), { diff })],
        [200, viewOf(inUse('a'))],
      ],
    });
    const { stdout } = await skills(['diff', id]);
    expect(stdout).toContain('IT MAY DO MORE');
    expect(stdout).toContain('It may now search memories.');
    expect(stdout).not.toMatch(control);
    expect(await skills(['diff', id])).toMatchObject({
      code: 77,
      stderr: expect.stringContaining('no version under test'),
    });
  });

  it.each(['../../x', '<b>', 'x?y'])('asks for no skill named %j', async (name) => {
    await serve({});
    for (const words of [
      ['show', name],
      ['diff', name],
      ['run', name, '--input', '1'],
      ['approve', name],
      ['export', name],
    ]) {
      expect(await skills(words)).toMatchObject({ code: 64, stderr: expect.stringContaining('csv-summary') });
    }
    expect(seen()).toEqual([]);
  });
});

describe('talos skills approve', () => {
  const view = viewOf(waiting('a'));
  const ticket = [202, { id: 'ticket', expiresAt: 301_000, how: '' }] as const;
  const paths = {
    view: `GET /skills/${id}`,
    ask: `POST /skills/${id}/tts-request`,
    promote: `POST /skills/${id}/promote`,
  };
  const typing = (text: string, isTTY = false) => Object.assign(Readable.from([text]), { isTTY });

  it('shows the evidence, asks for a code, and promotes what was shown', async () => {
    await serve({ [paths.view]: [200, view], [paths.ask]: ticket, [paths.promote]: [200, inUse('a')] });
    const { code, said } = await skills(['approve', id], typing('0123\n'));
    expect(code).toBe(0);
    expect(said.indexOf(hashOf('a'))).toBeLessThan(said.indexOf('talos codes'));
    expect(said).toContain('is active');
    expect(bodies()).toEqual([{ hash: hashOf('a') }, { tts_code: '0123', hash: hashOf('a') }]);
  });

  it('takes a code that was asked for before, and asks for none', async () => {
    await serve({ [paths.view]: [200, view], [paths.promote]: [200, inUse('a')] });
    expect((await skills(['approve', id, '--code', '0123'])).code).toBe(0);
    expect(seen()).toEqual([paths.view, paths.promote]);
  });

  it.each([
    [403, 'APPROVAL_REFUSED', 77],
    [429, 'APPROVAL_LOCKED', 75],
    [409, 'SKILL_CHANGED', 77],
  ])('ends with the code for %d %s', async (status, code, exitCode) => {
    await serve({ [paths.view]: [200, view], [paths.promote]: [status, problem(code, 'no')] });
    expect(await skills(['approve', id, '--code', '1'])).toMatchObject({ code: exitCode, stderr: `${code}: no\n` });
  });

  it('asks a person at a terminal again after a typing error', async () => {
    const refused = [403, problem('APPROVAL_REFUSED', '4 guesses are left')] as const;
    await serve({ [paths.view]: [200, view], [paths.ask]: ticket, [paths.promote]: [refused, [200, inUse('a')]] });
    const { code, stderr } = await skills(['approve', id], typing('1111\n2222\n', true));
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('4 guesses are left') });
  });

  it('changes nothing when no code is given', async () => {
    await serve({ [paths.view]: [200, view], [paths.ask]: ticket });
    expect(await skills(['approve', id])).toMatchObject({
      code: 77,
      stderr: expect.stringContaining('No code was given'),
    });
    expect(seen()).toEqual([paths.view, paths.ask]);
  });

  it('asks for no code for what did worse than the model alone, unless told why', async () => {
    const benefit = { cases: 4, withSkill: 1, withoutSkill: 3, model: 'm' };
    const life = waiting('a');
    const harmful = viewOf({ ...life, ...(life.candidate && { candidate: { ...life.candidate, benefit } }) });
    await serve({ [paths.view]: [200, harmful], [paths.promote]: [200, inUse('a')] });
    expect(await skills(['approve', id])).toMatchObject({ code: 77, stderr: expect.stringContaining('did worse') });
    expect(seen()).toEqual([paths.view]);
    const words = ['approve', id, '--override', 'quicker', '--code', '1'];
    expect(await skills(words)).toMatchObject({ code: 0, stdout: expect.stringContaining('IT DOES WORSE') });
    expect(bodies()).toEqual([{ tts_code: '1', hash: hashOf('a'), override: 'quicker' }]);
  });

  it('asks for no code for what was changed or does not wait', async () => {
    const changed = viewOf(waiting('a'), { problem: { code: 'SKILL_CHANGED', message: 'A byte differs.' } });
    await serve({
      [paths.view]: [
        [200, changed],
        [200, viewOf(inUse('a'))],
      ],
    });
    expect((await skills(['approve', id])).code).toBe(77);
    expect((await skills(['approve', id])).code).toBe(77);
    expect(seen()).toEqual([paths.view, paths.view]);
  });
});

describe('other decisions', () => {
  it.each(['reject', 'deprecate', 'restore'])('%s needs a reason', async (verb) => {
    await serve({});
    expect((await skills([verb, id])).code).toBe(64);
    expect(seen()).toEqual([]);
  });

  it('are sent with their reason', async () => {
    const life = inUse('b', inUse('a'));
    await serve({
      [`POST /skills/${id}/reject`]: [200, life],
      [`DELETE /skills/${id}`]: [200, life],
      [`GET /skills/${id}`]: [200, viewOf(life)],
      [`POST /skills/${id}/restore`]: [200, life],
    });
    for (const verb of ['reject', 'deprecate']) expect((await skills([verb, id, '--reason', 'a b'])).code).toBe(0);
    expect((await skills(['restore', id, 'aaaa', '--reason', 'c'])).code).toBe(0);
    expect(await skills(['restore', id, 'ffff', '--reason', 'c'])).toMatchObject({ code: 64 });
    expect(seen()).toContain(`DELETE /skills/${id}?reason=a%20b`);
    expect(bodies()).toEqual([{ reason: 'a b' }, { hash: hashOf('a'), reason: 'c' }]);
  });
});

describe('talos skills run and runs', () => {
  const record = (key: string, more: object = {}) => ({
    skill: id,
    key,
    state: 'ok',
    inputBy: 'person',
    inputHash: 'x',
    input: 1,
    createdAt: 0,
    output: { rows: 3 },
    ...more,
  });
  const failed = (key: string) =>
    record(key, {
      state: 'failed',
      output: undefined,
      result: {
        state: 'failed',
        verdict: 'timeout',
        blame: 'skill',
        error: { code: 'SKILL_FAILED', message: `timeout: ${nasty}` },
        egress: [{ host: 'api.example.org', method: 'GET', allowed: false, bytes: 0, reason: nasty }],
        log: nasty,
        resources: { wallMs: 100 },
        finishedAt: 1,
      },
    });
  const start = `POST /skills/${id}/runs`;

  /** Serves one run, whatever its key, with these replies to the start and to looks at it. */
  async function serveRun(first: Reply, looks: Reply[] = []): Promise<void> {
    api = await serveApi(home.socket, ({ method, path }, response) => {
      const [status, body] = (method === 'POST' ? first : looks.length > 1 ? looks.shift() : looks[0]) ?? [
        404,
        problem('NOT_FOUND'),
      ];
      expect(path).toMatch(/^\/skills\/csv-summary\/runs/);
      replyJson(response, status, body);
    });
  }

  it.each([['--input', '{"a":1}'], ['--input', '@FILE'], ['--input', '-'], []])(
    'takes its input by %s %s and prints the output',
    async (...words) => {
      await writeFile(`${home.dir}/input.json`, '{"a":1}');
      await serveRun([200, record('k')]);
      const given = words.map((word) => word.replace('FILE', `${home.dir}/input.json`));
      const { code, stdout } = await skills(['run', id, ...given], Readable.from(['{"a":1}']));
      expect({ code, output: JSON.parse(stdout) as unknown }).toEqual({ code: 0, output: { rows: 3 } });
      expect(bodies()).toEqual([{ input: { a: 1 } }]);
      expect(api?.seen[0]?.headers['idempotency-key']).toMatch(/^[0-9a-f-]{36}$/);
    },
  );

  it.each(['{', '{"__proto__":1}', '@/nonexistent'])('sends no input such as %s', async (input) => {
    await serve({});
    expect((await skills(['run', id, '--input', input])).code).toBe(64);
    expect(seen()).toEqual([]);
  });

  it('waits for a long run', async () => {
    await serveRun(
      [202, record('k', { state: 'pending' })],
      [
        [200, record('k', { state: 'pending' })],
        [200, record('k')],
      ],
    );
    expect(await skills(['run', id, '--input', '1'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('"rows": 3'),
    });
  });

  it('tells a failed run with its verdict and ends with 70; as JSON with the record', async () => {
    await serveRun([422, problem('SKILL_FAILED', 'x')], [[200, failed('k')]]);
    const { code, stdout, stderr } = await skills(['run', id, '--input', '1']);
    expect({ code, stdout, stderr }).toMatchObject({
      code: 70,
      stdout: '',
      stderr: expect.stringContaining('timeout'),
    });
    expect(stderr).not.toMatch(control);
    const asJson = await skills(['run', id, '--input', '1', '--json']);
    expect({ code: asJson.code, json: JSON.parse(asJson.stdout) as unknown }).toMatchObject({
      code: 70,
      json: { state: 'failed' },
    });
  });

  it('tells a refusal as such', async () => {
    await serve({ [start]: [423, problem('LOCKDOWN', 'locked')] });
    expect(await skills(['run', id, '--input', '1'])).toMatchObject({ code: 77, stderr: 'LOCKDOWN: locked\n' });
  });

  it.each([
    ['runs', addRunsCommand],
    ['skills runs', addSkillsCommand],
  ] as const)('%s lists, shows and retries', async (words, add) => {
    const run = (...more: string[]) => home.run(add, [...words.split(' '), ...more]);
    await serve({
      [`GET /skills/${id}/runs`]: [200, { runs: [{ ...failed('k'), input: undefined }] }],
      [`GET /skills/${id}/runs/k`]: [200, failed('k')],
      [`POST /skills/${id}/runs/k/retry`]: [200, record('new', { retryOf: 'k' })],
    });
    const list = await run('ls', id, '--failed');
    expect(list.stdout).toContain('k failed timeout skill 100');
    const show = await run('show', id, 'k');
    expect(show.stdout).toContain('REFUSED');
    for (const { stdout } of [list, show]) expect(stdout).not.toMatch(control);
    expect(await run('retry', id, 'k')).toMatchObject({ code: 0, stdout: expect.stringContaining('"rows": 3') });
    expect(seen()[0]).toBe(`GET /skills/${id}/runs?failed=true&limit=50`);
  });
});

describe('talos skills eval and export', () => {
  it('waits for the figures and says what they mean', async () => {
    const benefit = { cases: 4, withSkill: 4, withoutSkill: 4, model: 'm' };
    const call = `POST /skills/${id}/eval`;
    await serve({
      [call]: [
        [202, { state: 'pending', hash: hashOf('a') }],
        [200, { state: 'measured', hash: hashOf('a'), benefit }],
      ],
    });
    expect(await skills(['eval', id])).toMatchObject({ code: 0, stdout: expect.stringContaining('NO IMPROVEMENT') });
    const [first, second] = (api?.seen ?? []).map(({ headers }) => headers['idempotency-key']);
    expect(second).toBe(first);
  });

  it('writes the archive, and over nothing that is there', async () => {
    await serve({ [`GET /skills/${id}/export`]: [200, Buffer.from('zip')] });
    const file = `${home.dir}/out.zip`;
    expect((await skills(['export', id, '--output', file])).code).toBe(0);
    expect(await readFile(file, 'utf8')).toBe('zip');
    expect((await skills(['export', id, '--output', file])).code).toBe(64);
  });
});
