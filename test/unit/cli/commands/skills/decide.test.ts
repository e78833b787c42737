import { Readable } from 'node:stream';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { hashOf, inUse, waiting } from '../../../domain/skills/build.ts';
import { createSkillHome, id, problem, type SkillHome, viewOf } from './skill-home.ts';

let home: SkillHome;

beforeEach(async () => {
  home = await createSkillHome();
});

afterEach(() => home.close());

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
    await home.serve({ [paths.view]: [200, view], [paths.ask]: ticket, [paths.promote]: [200, inUse('a')] });
    const { code, said } = await home.skills(['approve', id], typing('0123\n'));
    expect(code).toBe(0);
    expect(said.indexOf(hashOf('a'))).toBeLessThan(said.indexOf('talos codes'));
    expect(said).toContain('is active');
    expect(home.bodies()).toEqual([{ hash: hashOf('a') }, { tts_code: '0123', hash: hashOf('a') }]);
  });

  it('takes a code that was asked for before, and asks for none', async () => {
    await home.serve({ [paths.view]: [200, view], [paths.promote]: [200, inUse('a')] });
    expect((await home.skills(['approve', id, '--code', '0123'])).code).toBe(0);
    expect(home.seen()).toEqual([paths.view, paths.promote]);
  });

  it.each([
    [403, 'APPROVAL_REFUSED', 77],
    [429, 'APPROVAL_LOCKED', 75],
    [409, 'SKILL_CHANGED', 77],
  ])('ends with the code for %d %s', async (status, code, exitCode) => {
    await home.serve({ [paths.view]: [200, view], [paths.promote]: [status, problem(code, 'no')] });
    expect(await home.skills(['approve', id, '--code', '1'])).toMatchObject({
      code: exitCode,
      stderr: `${code}: no\n`,
    });
  });

  it('asks a person at a terminal again after a typing error', async () => {
    const refused = [403, problem('APPROVAL_REFUSED', '4 guesses are left')] as const;
    await home.serve({ [paths.view]: [200, view], [paths.ask]: ticket, [paths.promote]: [refused, [200, inUse('a')]] });
    const { code, stderr } = await home.skills(['approve', id], typing('1111\n2222\n', true));
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('4 guesses are left') });
  });

  it('changes nothing when no code is given', async () => {
    await home.serve({ [paths.view]: [200, view], [paths.ask]: ticket });
    expect(await home.skills(['approve', id])).toMatchObject({
      code: 77,
      stderr: expect.stringContaining('No code was given'),
    });
    expect(home.seen()).toEqual([paths.view, paths.ask]);
  });

  it('asks for no code for what did worse than the model alone, unless told why', async () => {
    const benefit = { cases: 4, withSkill: 1, withoutSkill: 3, model: 'm' };
    const life = waiting('a');
    const harmful = viewOf({ ...life, ...(life.candidate && { candidate: { ...life.candidate, benefit } }) });
    await home.serve({ [paths.view]: [200, harmful], [paths.promote]: [200, inUse('a')] });
    expect(await home.skills(['approve', id])).toMatchObject({
      code: 77,
      stderr: expect.stringContaining('did worse'),
    });
    expect(home.seen()).toEqual([paths.view]);
    const words = ['approve', id, '--override', 'quicker', '--code', '1'];
    expect(await home.skills(words)).toMatchObject({ code: 0, stdout: expect.stringContaining('IT DOES WORSE') });
    expect(home.bodies()).toEqual([{ tts_code: '1', hash: hashOf('a'), override: 'quicker' }]);
  });

  it('asks for no code for what was changed or does not wait', async () => {
    const changed = viewOf(waiting('a'), { problem: { code: 'SKILL_CHANGED', message: 'A byte differs.' } });
    await home.serve({
      [paths.view]: [
        [200, changed],
        [200, viewOf(inUse('a'))],
      ],
    });
    expect((await home.skills(['approve', id])).code).toBe(77);
    expect((await home.skills(['approve', id])).code).toBe(77);
    expect(home.seen()).toEqual([paths.view, paths.view]);
  });
});

describe('other decisions', () => {
  it.each(['reject', 'deprecate', 'restore'])('%s needs a reason', async (verb) => {
    await home.serve({});
    expect((await home.skills([verb, id])).code).toBe(64);
    expect(home.seen()).toEqual([]);
  });

  it('are sent with their reason', async () => {
    const life = inUse('b', inUse('a'));
    await home.serve({
      [`POST /skills/${id}/reject`]: [200, life],
      [`DELETE /skills/${id}`]: [200, life],
      [`GET /skills/${id}`]: [200, viewOf(life)],
      [`POST /skills/${id}/restore`]: [200, life],
    });
    for (const verb of ['reject', 'deprecate']) expect((await home.skills([verb, id, '--reason', 'a b'])).code).toBe(0);
    expect((await home.skills(['restore', id, 'aaaa', '--reason', 'c'])).code).toBe(0);
    expect(await home.skills(['restore', id, 'ffff', '--reason', 'c'])).toMatchObject({ code: 64 });
    expect(home.seen()).toContain(`DELETE /skills/${id}?reason=a%20b`);
    expect(home.bodies()).toEqual([{ reason: 'a b' }, { hash: hashOf('a'), reason: 'c' }]);
  });

  it.each([
    ['reject', waiting('b'), `POST /skills/${id}/reject`],
    ['deprecate', inUse('b'), `DELETE /skills/${id}`],
  ] as const)(
    '%s for a version that was looked at ends no other, and says which one it ended',
    async (verb, life, route) => {
      const [ended] = inUse('c', inUse('b')).past;
      const after = { id, past: ended === undefined ? [] : [ended], changes: 9 };
      await home.serve({ [`GET /skills/${id}`]: [200, viewOf(life)], [route]: [200, after] });
      expect(await home.skills([verb, id, 'aaaa', '--reason', 'x'])).toMatchObject({
        code: 77,
        stderr: expect.stringContaining(hashOf('b').slice(0, 12)),
      });
      expect(home.seen()).toEqual([`GET /skills/${id}`]);
      const { code, stdout } = await home.skills([verb, id, 'bbbb', '--reason', 'x']);
      expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining(hashOf('b').slice(0, 12)) });
      const sent = JSON.stringify([home.seen(), home.bodies()]);
      expect(sent).toContain(hashOf('b'));
    },
  );
});
