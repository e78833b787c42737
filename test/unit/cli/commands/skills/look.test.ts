import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { addSkillsCommand } from '../../../../../cli/commands/skills.ts';
import { unborn } from '../../../../../domain/skills/change.ts';
import { versionRefused } from '../../../../../domain/skills/skill-name.ts';
import { begun, hashOf, inUse, passed, submitted, waiting, walk } from '../../../domain/skills/build.ts';
import { createSkillHome, id, type SkillHome, viewOf } from './skill-home.ts';
import { control, files, nasty } from './support.ts';

let home: SkillHome;

beforeEach(async () => {
  home = await createSkillHome();
});

afterEach(() => home.close());

describe('talos skills submit and ls', () => {
  it.each(['submit', 'import'])('%s hands in the files of a folder', async (verb) => {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(home.dir, 'hello', path)), { recursive: true });
      await writeFile(join(home.dir, 'hello', path), text);
    }
    await home.serve({
      'POST /skills': [202, { id: 'hello', hash: hashOf('a'), version: '0.1.0', state: 'quarantined' }],
    });
    const { code, stdout } = await home.skills([verb, `${home.dir}/hello`]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'Skill hello 0.1.0 (aaaaaaaaaaaa) is quarantined.\n' });
    expect(home.bodies()).toEqual([{ files }]);
  });

  it.each(['/nonexistent', 'http://example.org/x', 'https://user:secret@example.org/x'])(
    'refuses %s',
    async (source) => {
      await home.serve({});
      expect((await home.skills(['submit', source])).code).toBe(64);
      expect(home.seen()).toEqual([]);
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
    await home.serve({ 'GET /skills': [200, { skills: [one] }] });
    const { code, stdout } = await home.skills(['ls', '--state', 'active']);
    expect({ code, stdout }).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/csv-summary 1\.0\.0 aaaaaaaaaaaa active 3\/3 1/),
    });
    expect(stdout).not.toMatch(control);
    expect(home.seen()).toEqual(['GET /skills?state=active']);
  });

  it('names a skill whose state cannot be read', async () => {
    const unreadable = [{ id: 'broken', problem: `The life of skill broken is not stored ${nasty}` }];
    await home.serve({ 'GET /skills': [200, { skills: [], unreadable }] });
    const { stdout, stderr } = await home.skills(['ls']);
    expect(`${stdout}${stderr}`).toContain('The life of skill broken is not stored');
    expect(`${stdout}${stderr}`).not.toMatch(control);
    expect(JSON.parse((await home.skills(['ls', '--json'])).stdout)).toEqual({ skills: [], unreadable });
  });

  it('says that Talos does not run', async () => {
    expect(await home.skills(['ls'])).toMatchObject({ code: 69 });
  });
});

describe('talos skills show and diff', () => {
  it('shows all evidence, plain', async () => {
    const life = waiting('a');
    const view = viewOf({ ...life, ...(life.candidate && { candidate: { ...life.candidate, findings: [nasty] } }) });
    await home.serve({ [`GET /skills/${id}`]: [200, view] });
    const { stdout } = await home.skills(['show', id, '--code']);
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

  it('shows to its end what is wrong with the files and what to do', async () => {
    const { message } = versionRefused(
      { id: 'a'.repeat(64), hash: hashOf('a') },
      { file: `"${'p'.repeat(80)}"`, rule: 'has the part node_modules, which is left out wherever a skill is read' },
    );
    const view = viewOf(inUse('a'), { problem: { code: 'SKILL_CHANGED', message } });
    await home.serve({ [`GET /skills/${id}`]: [200, view] });
    expect((await home.skills(['show', id])).stdout).toContain('submit the copy');
  });

  it.each([inUse('a'), waiting('b', inUse('a'))])(
    'tells of a version in use that fails again and again',
    async (life) => {
      const trouble = { runs: 7, since: 0, reason: `exception: ${nasty}` };
      await home.serve({ [`GET /skills/${id}`]: [200, viewOf(life, { trouble })] });
      const { stdout } = await home.skills(['show', id]);
      const told = stdout.split('\n').filter((line) => line.includes('TROUBLE'));
      expect(told).toEqual([expect.stringContaining('its last 7 runs failed for something outside it')]);
      expect(stdout).not.toMatch(control);
    },
  );

  it('follows each change until it needs the owner', async () => {
    const lives = [
      walk(unborn(id), [submitted('a')]),
      walk(unborn(id), [submitted('a'), begun('a'), passed('a', 'one')]),
      walk(unborn(id), [submitted('a'), begun('a'), passed('a', 'one')]),
      waiting('a'),
    ];
    await home.serve({ [`GET /skills/${id}`]: lives.map((life) => [200, viewOf(life)] as const) });
    const { code, stdout } = await home.skills(['show', id, '--follow']);
    expect(code).toBe(0);
    expect(stdout.split('\n')).toEqual([
      '1.0.97 quarantined 0/3 clean runs',
      '1/3 one: ok in 5 ms (bubblewrap, asked example.org)',
      '1.0.97 running 1/3 clean runs',
      '1/3 a: ok in 5 ms (bubblewrap, asked example.org)',
      '2/3 b: ok in 5 ms (bubblewrap, asked example.org)',
      '3/3 c: ok in 5 ms (bubblewrap, asked example.org)',
      '1.0.97 awaiting-approval',
      `It needs you: talos skills approve ${id}`,
      '',
    ]);
  });

  it('says by its exit code that Ctrl-C came before the skill needed anybody', async () => {
    await home.serve({ [`GET /skills/${id}`]: [200, viewOf(walk(unborn(id), [submitted('a')]))] });
    const words = ['skills', 'show', id, '--follow'];
    const result = await home.run(addSkillsCommand, words, { interrupted: AbortSignal.timeout(200) });
    expect(result).toMatchObject({ code: 75, stdout: '1.0.97 quarantined 0/3 clean runs\n' });
  });

  it('follows nothing that is decided', async () => {
    await home.serve({ [`GET /skills/${id}`]: [200, viewOf(inUse('a'))] });
    expect((await home.skills(['show', id, '--follow'])).stdout).toBe('1.0.97 active\n');
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
    await home.serve({
      [`GET /skills/${id}`]: [
        [200, viewOf(waiting('b', inUse('a')), { diff })],
        [200, viewOf(inUse('a'))],
      ],
    });
    const { stdout } = await home.skills(['diff', id]);
    expect(stdout).toContain('IT MAY DO MORE');
    expect(stdout).toContain('It may now search memories.');
    expect(stdout).not.toMatch(control);
    expect(await home.skills(['diff', id])).toMatchObject({
      code: 77,
      stderr: expect.stringContaining('no version under test'),
    });
  });

  it.each(['../../x', '<b>', 'x?y'])('asks for no skill named %j', async (name) => {
    await home.serve({});
    for (const words of [
      ['show', name],
      ['diff', name],
      ['run', name, '--input', '1'],
      ['approve', name],
      ['export', name],
    ]) {
      expect(await home.skills(words)).toMatchObject({ code: 64, stderr: expect.stringContaining('csv-summary') });
    }
    expect(home.seen()).toEqual([]);
  });
});
