import { readFile, writeFile } from 'node:fs/promises';
import { Readable } from 'node:stream';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { addRunsCommand } from '../../../../../cli/commands/runs.ts';
import { addSkillsCommand } from '../../../../../cli/commands/skills.ts';
import { hashOf } from '../../../domain/skills/build.ts';
import { createSkillHome, id, problem, type Reply, type SkillHome } from './skill-home.ts';
import { serveApi } from '../harness.ts';
import { control, nasty, toolsOver } from './support.ts';

let home: SkillHome;

beforeEach(async () => {
  home = await createSkillHome();
});

afterEach(() => home.close());

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
  const serveRun = (first: Reply, looks: Reply[] = []) =>
    home.serve({ 'POST *': first, ...(looks.length > 0 && { 'GET *': looks }) });

  it('takes a byte order mark before its input, and nothing that is not UTF-8', async () => {
    await serveRun([200, record('k')]);
    const latin1 = Buffer.from('{"a":"Bücher"}', 'latin1');
    await writeFile(`${home.dir}/latin1.json`, latin1);
    for (const words of [
      ['--input', '-'],
      ['--input', `@${home.dir}/latin1.json`],
    ]) {
      const { code, stderr } = await home.skills(['run', id, ...words], Readable.from([latin1]));
      expect({ code, stderr }).toEqual({ code: 64, stderr: expect.stringContaining('not UTF-8') });
    }
    expect(home.seen()).toEqual([]);
    expect((await home.skills(['run', id], Readable.from(['\uFEFF{"a":1}']))).code).toBe(0);
    expect(home.bodies()).toEqual([{ input: { a: 1 } }]);
  });

  it.each([['--input', '{"a":1}'], ['--input', '@FILE'], ['--input', '-'], []])(
    'takes its input by %s %s and prints the output',
    async (...words) => {
      await writeFile(`${home.dir}/input.json`, '{"a":1}');
      await serveRun([200, record('k')]);
      const given = words.map((word) => word.replace('FILE', `${home.dir}/input.json`));
      const { code, stdout } = await home.skills(['run', id, ...given], Readable.from(['{"a":1}']));
      expect({ code, output: JSON.parse(stdout) as unknown }).toEqual({ code: 0, output: { rows: 3 } });
      expect(home.bodies()).toEqual([{ input: { a: 1 } }]);
      expect(home.keys()[0]).toMatch(/^[0-9a-f-]{36}$/);
    },
  );

  it.each(['{', '{"__proto__":1}', '@/nonexistent'])('sends no input such as %s', async (input) => {
    await home.serve({});
    expect((await home.skills(['run', id, '--input', input])).code).toBe(64);
    expect(home.seen()).toEqual([]);
  });

  it('waits for a long run', async () => {
    await serveRun(
      [202, record('k', { state: 'pending' })],
      [
        [200, record('k', { state: 'pending' })],
        [200, record('k')],
      ],
    );
    expect(await home.skills(['run', id, '--input', '1'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('"rows": 3'),
    });
  });

  it('tells a failed run with its verdict and ends with 70; as JSON with the record', async () => {
    await serveRun([422, problem('SKILL_FAILED', 'x')], [[200, failed('k')]]);
    const { code, stdout, stderr } = await home.skills(['run', id, '--input', '1']);
    expect({ code, stdout, stderr }).toMatchObject({
      code: 70,
      stdout: '',
      stderr: expect.stringContaining('timeout'),
    });
    expect(stderr).not.toMatch(control);
    const asJson = await home.skills(['run', id, '--input', '1', '--json']);
    expect({ code: asJson.code, json: JSON.parse(asJson.stdout) as unknown }).toMatchObject({
      code: 70,
      json: { state: 'failed' },
    });
  });

  it('tells a refusal as such', async () => {
    await home.serve({ [start]: [423, problem('LOCKDOWN', 'locked')] });
    expect(await home.skills(['run', id, '--input', '1'])).toMatchObject({ code: 77, stderr: 'LOCKDOWN: locked\n' });
  });

  it.each([
    ['runs', addRunsCommand],
    ['skills runs', addSkillsCommand],
  ] as const)('%s lists, shows and retries', async (words, add) => {
    const run = (...more: string[]) => home.run(add, [...words.split(' '), ...more]);
    await home.serve({
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
    expect(home.seen()[0]).toBe(`GET /skills/${id}/runs?failed=true&limit=50`);
    await run('ls', id, '--limit', '200');
    expect(home.seen().at(-1)).toBe(`GET /skills/${id}/runs?failed=false&limit=200`);
  });

  it.each(['0', '201', '-1', '5.5', 'all'])('runs ls takes no --limit %s', async (limit) => {
    await home.serve({});
    const { code, stderr } = await home.run(addRunsCommand, ['runs', 'ls', id, '--limit', limit]);
    expect({ code, stderr }).toMatchObject({ code: 64, stderr: expect.stringContaining('--limit') });
    expect(home.seen()).toEqual([]);
  });
});

describe('an empty name', () => {
  it.each([
    ['runs', 'show', id, ''],
    ['runs', 'retry', id, ''],
    ['pause', id, ''],
    ['resume', id, ''],
    ['unschedule', id, ''],
  ])('is told by skills %s %s and asked of nobody', async (...words) => {
    await home.serve({});
    expect(await home.skills(words)).toMatchObject({ code: 64, stderr: expect.stringContaining('A name is empty') });
    expect(home.seen()).toEqual([]);
  });
});

describe('talos skills eval and export', () => {
  it('waits for the figures and says what they mean', async () => {
    const benefit = { cases: 4, withSkill: 4, withoutSkill: 4, model: 'm' };
    const call = `POST /skills/${id}/eval`;
    await home.serve({
      [call]: [
        [202, { state: 'pending', hash: hashOf('a') }],
        [200, { state: 'measured', hash: hashOf('a'), benefit }],
      ],
    });
    expect(await home.skills(['eval', id])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('NO IMPROVEMENT'),
    });
    const [first, second] = home.keys();
    expect(second).toBe(first);
  });

  it('says of a measurement given up with Ctrl-C that nobody waits for it', async () => {
    const stop = new AbortController();
    const api = await serveApi(home.socket, () => stop.abort());
    const words = ['skills', 'eval', id];
    const result = await home.run(addSkillsCommand, words, { skillTools: toolsOver(), interrupted: stop.signal });
    await api.close();
    expect(result).toMatchObject({ code: 75, stderr: 'RUN_STOPPED: Nobody waits for the measurement any more.\n' });
  });

  it('writes the archive, and over nothing that is there', async () => {
    await home.serve({ [`GET /skills/${id}/export`]: [200, Buffer.from('zip')] });
    const file = `${home.dir}/out.zip`;
    expect((await home.skills(['export', id, '--output', file])).code).toBe(0);
    expect(await readFile(file, 'utf8')).toBe('zip');
    expect((await home.skills(['export', id, '--output', file])).code).toBe(64);
  });
});
