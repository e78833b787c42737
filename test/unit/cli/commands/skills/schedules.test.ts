import { Readable } from 'node:stream';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { formatTime } from '../../../../../cli/format-time.ts';
import { createSkillHome, id, problem, type SkillHome } from './skill-home.ts';
import { control, nasty } from './support.ts';

let home: SkillHome;

beforeEach(async () => {
  home = await createSkillHome();
});

afterEach(() => home.close());

const due = Date.UTC(2026, 10, 26, 7);

const schedule = (more: object = {}) => ({
  skill: id,
  name: 'morning',
  when: { cron: '0 8 * * *', zone: 'Europe/Berlin' },
  inputHash: 'a'.repeat(64),
  paused: false,
  createdAt: 0,
  since: 0,
  next: [due, due + 86_400_000, due + 2 * 86_400_000],
  dueRuns: [],
  ...more,
});
const skipped = {
  key: 'morning-1',
  dueAt: due,
  state: 'skipped',
  reason: 'lockdown',
  why: `locked ${nasty}`,
  endedAt: 1,
};
const set = `POST /skills/${id}/schedules`;

describe('talos skills schedule', () => {
  it('sends what was asked for and tells the next three times by the clock of the schedule', async () => {
    await home.serve({ [set]: [201, schedule()] });
    const words = [
      'schedule',
      id,
      '--cron',
      '0 8 * * *',
      '--zone',
      'Europe/Berlin',
      '--name',
      'morning',
      '--note',
      'why',
    ];
    const { code, stdout } = await home.skills([...words, '--input', '{"a":1}']);
    expect(code).toBe(0);
    expect(home.bodies()).toEqual([
      { cron: '0 8 * * *', zone: 'Europe/Berlin', name: 'morning', note: 'why', input: { a: 1 } },
    ]);
    expect(stdout).toBe(
      `Schedule morning of skill ${id}: 0 8 * * * Europe/Berlin\n` +
        'next  Thu 2026-11-26 08:00 Europe/Berlin\n' +
        'then  Fri 2026-11-27 08:00 Europe/Berlin\n' +
        'then  Sat 2026-11-28 08:00 Europe/Berlin\n',
    );
  });

  it('takes an interval, and its input from standard input', async () => {
    await home.serve({ [set]: [200, schedule({ when: { everyMinutes: 30 }, name: 'every-30-min' })] });
    const { code, stdout } = await home.skills(['schedule', id, '--every', '30'], Readable.from(['7']));
    expect({ code, bodies: home.bodies() }).toEqual({ code: 0, bodies: [{ everyMinutes: 30, input: 7 }] });
    expect(stdout).toContain(`every 30 min\nnext  ${formatTime(due)}\n`);
  });

  it('says that a schedule is paused', async () => {
    await home.serve({ [set]: [200, schedule({ paused: true, next: [] })] });
    const { stdout } = await home.skills(['schedule', id, '--every', '30', '--input', '1']);
    expect(stdout).toContain('paused');
  });

  it('tells what is wrong, and prints JSON when asked to', async () => {
    await home.serve({
      [set]: [
        [400, problem('VALIDATION_FAILED', 'cron: five fields')],
        [201, schedule()],
      ],
    });
    const words = ['schedule', id, '--cron', 'x', '--input', '1'];
    expect(await home.skills(words)).toMatchObject({ code: 64, stderr: 'VALIDATION_FAILED: cron: five fields\n' });
    const { stdout } = await home.skills([...words, '--json']);
    expect(JSON.parse(stdout)).toEqual(schedule());
  });

  it.each([
    [['--every', 'abc'], '--every <minutes>'],
    [['--every', '0'], '--every <minutes>'],
    [['--every', ''], '--every <minutes>'],
    [['--every', '5', '--cron', '0 8 * * *'], '--every <minutes>'],
    [[], '--every'],
  ])('names the option that is wrong: %j', async (words, option) => {
    await home.serve({});
    const { code, stderr } = await home.skills(['schedule', id, ...words, '--input', '1']);
    expect({ code, stderr }).toEqual({ code: 64, stderr: expect.stringContaining(option) });
    expect(home.seen()).toEqual([]);
  });

  it.each([['../x'], ['UPPER']])('asks nothing about a skill such as %s', async (skill) => {
    await home.serve({});
    expect((await home.skills(['schedule', skill, '--every', '5', '--input', '1'])).code).toBe(64);
    expect((await home.skills(['schedules', skill])).code).toBe(64);
    expect((await home.skills(['unschedule', skill, 'morning'])).code).toBe(64);
    expect(home.seen()).toEqual([]);
  });
});

describe('talos skills schedules', () => {
  it('lists those of all skills with what came of the last time, without control characters', async () => {
    const list = [schedule({ dueRuns: [skipped] }), schedule({ name: 'b', paused: true, next: [] })];
    await home.serve({ 'GET /schedules': [200, { schedules: list }] });
    const { code, stdout } = await home.skills(['schedules']);
    expect(code).toBe(0);
    expect(stdout).toContain(
      `${id} morning 0 8 * * * Europe/Berlin Thu 2026-11-26 08:00 Thu 2026-11-26 08:00 skipped locked`,
    );
    expect(stdout).toContain('Europe/Berlin paused');
    expect(stdout).not.toMatch(control);
  });

  it('lists those of one skill, as JSON with every due time that is known', async () => {
    const list = { schedules: [schedule({ dueRuns: [skipped] })] };
    await home.serve({ [`GET /skills/${id}/schedules`]: [200, list] });
    const { stdout } = await home.skills(['schedules', id, '--json']);
    expect(JSON.parse(stdout)).toEqual(list);
  });

  it('says how to make the first one', async () => {
    await home.serve({ 'GET /schedules': [200, { schedules: [] }] });
    expect((await home.skills(['schedules'])).stderr).toContain('talos skills schedule');
  });
});

describe('talos skills pause and resume', () => {
  it('stop a schedule and let it come due again', async () => {
    const path = `POST /skills/${id}/schedules/morning`;
    await home.serve({
      [`${path}/pause`]: [200, schedule({ paused: true, next: [] })],
      [`${path}/resume`]: [200, schedule()],
    });
    expect((await home.skills(['pause', id, 'morning'])).stdout).toContain('It is paused');
    const { stdout } = await home.skills(['resume', id, 'morning']);
    expect(stdout).toContain('next  Thu 2026-11-26 08:00 Europe/Berlin');
    expect(stdout).not.toContain('paused');
    const asJson = await home.skills(['pause', id, 'morning', '--json']);
    expect(JSON.parse(asJson.stdout)).toEqual(schedule({ paused: true, next: [] }));
  });

  it('tell that there is none', async () => {
    await home.serve({
      [`POST /skills/${id}/schedules/x/pause`]: [404, problem('NOT_FOUND', 'There is no schedule x.')],
    });
    const { code, stderr } = await home.skills(['pause', id, 'x']);
    expect(code).not.toBe(0);
    expect(stderr).toContain('There is no schedule x.');
  });
});

describe('talos skills unschedule', () => {
  it('removes a schedule', async () => {
    await home.serve({ [`DELETE /skills/${id}/schedules/morning`]: [204, ''] });
    expect(await home.skills(['unschedule', id, 'morning'])).toMatchObject({
      code: 0,
      stdout: `Schedule morning of skill ${id} is removed.\n`,
    });
    const asJson = await home.skills(['unschedule', id, 'morning', '--json']);
    expect(JSON.parse(asJson.stdout)).toEqual({ skill: id, name: 'morning', removed: true });
  });

  it('tells that there is none', async () => {
    await home.serve({});
    expect((await home.skills(['unschedule', id, '../x'])).code).toBe(64);
    expect(home.seen()).toEqual([`DELETE /skills/${id}/schedules/..%2Fx`]);
  });
});
