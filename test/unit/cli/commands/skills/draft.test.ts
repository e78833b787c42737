import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { addSkillsCommand } from '../../../../../cli/commands/skills.ts';
import { createSkillHome, type SkillHome } from './skill-home.ts';

let home: SkillHome;

beforeEach(async () => {
  home = await createSkillHome();
});

afterEach(() => home.close());

const draft = (more: object = {}) => ({
  key: 'k',
  request: 'a skill that shouts',
  by: 'owner',
  state: 'writing',
  tries: [],
  createdAt: 0,
  ...more,
});
const begin = 'POST /skills/drafts';
const look = 'GET /skills/drafts/k';

describe('talos skills draft', () => {
  it('waits for what the model writes', async () => {
    const done = draft({ state: 'submitted', skill: 'shout', hash: 'a'.repeat(64), tries: [{ reply: '{}' }] });
    await home.serve({
      [begin]: [202, draft()],
      [look]: [
        [200, draft()],
        [200, done],
      ],
    });
    const { code, stdout } = await home.skills(['draft', 'a skill', 'that shouts']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('I have written the skill `shout`') });
    expect(home.bodies()).toEqual([{ request: 'a skill that shouts' }]);
  });

  it('does not wait with --detach', async () => {
    await home.serve({ [begin]: [202, draft()] });
    const { code, stdout } = await home.skills(['draft', '--detach', '--json', 'a skill that shouts']);
    expect({ code, draft: JSON.parse(stdout) as unknown }).toEqual({ code: 0, draft: draft() });
    expect(home.seen()).toEqual([begin]);
  });

  it('tells why it came to nothing', async () => {
    await home.serve({ [begin]: [202, draft()], [look]: [200, draft({ state: 'failed', problem: 'no cases' })] });
    const { code, stdout } = await home.skills(['draft', 'a skill that shouts']);
    expect({ code, stdout }).toEqual({ code: 64, stdout: expect.stringContaining('no cases') });
  });

  it('says on Ctrl-C that the writing goes on, and that it did not wait for the end', async () => {
    await home.serve({ [begin]: [202, draft()], [look]: [200, draft()] });
    const words = ['skills', 'draft', 'a skill that shouts'];
    const result = await home.run(addSkillsCommand, words, { interrupted: AbortSignal.timeout(200) });
    expect(result).toMatchObject({ code: 75, stdout: 'The skill is still being written (draft k).\n' });
  });
});
