import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import type { SkillLife } from '../../domain/skills/life.ts';
import { createHome, type TestHome } from '../support/home.ts';
import { readAudit, sandboxesOf, skillsOf, underWay, waitingSkill } from './skill-home.ts';

/** What dies; the last one is what a power cut does. */
const victims = {
  worker: ['worker'],
  api: ['api'],
  temporal: ['temporal'],
  redis: ['redis'],
  everything: ['api', 'worker', 'temporal', 'redis'],
};
/** Engines come back within seconds; a lost step of a workflow is noticed after ten. */
const patience = { timeout: 60_000, interval: 100 };

/** A skill for each state in which a process may die. */
const idsOf = (victim: string) => ({
  quarantined: `${victim}-quarantined`,
  running: `${victim}-running`,
  waiting: `${victim}-waiting`,
  approved: Array.from({ length: 6 }, (_, index) => `${victim}-approved-${index}`),
  used: { skill: `${victim}-used`, key: 'run' },
  failing: { skill: `${victim}-failing`, key: 'third' },
});

describe('kill -9 while skills are in every state', () => {
  let home: TestHome;
  let skills: ReturnType<typeof skillsOf>;

  beforeAll(async () => {
    home = await createHome();
    await home.talos('up', '--detach');
    skills = skillsOf(home);
    await Promise.all(Object.keys(victims).map((victim) => prepare(victim)));
  });
  afterAll(() => home.remove());

  async function prepare(victim: string): Promise<void> {
    const { waiting, approved, used, failing } = idsOf(victim);
    await Promise.all([waiting, ...approved].map((id) => skills.submit(waitingSkill(id))));
    await Promise.all([used, failing].map(({ skill }) => skills.activate(waitingSkill(skill))));
    for (const key of ['first', 'second']) {
      skills.begin({ ...failing, key }, { ms: 10, text: 'fail' });
      await ended({ ...failing, key });
    }
  }

  const ended = (ref: { skill: string; key: string }) =>
    vi.waitFor(async () => {
      const record = await skills.client.record(ref);
      expect(record.state, ref.skill).not.toBe('pending');
      return record;
    }, patience);

  /** Consents to all at once; the processes die when the first of them is told that it is active. */
  async function killDuringApproval(ids: readonly string[], pids: readonly number[]): Promise<void> {
    const consents = await Promise.all(ids.map((id) => skills.askConsent(id)));
    const promotions = consents.map(({ id, ...consent }) => skills.client.promote(id, consent));
    await Promise.race(promotions);
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await Promise.allSettled(promotions);
  }

  /** What an owner does who was not told what became of a consent: looks, and consents again where that is needed. */
  const becomesActive = (id: string) =>
    vi.waitFor(async () => {
      if ((await skills.life(id)).active === undefined) await skills.approve(id);
      return skills.life(id);
    }, patience);

  function expectThreeRuns({ candidate, active }: SkillLife): void {
    const runs = (active ?? candidate)?.runs ?? [];
    expect(runs.map((run) => run.case)).toEqual(['one', 'two', 'three']);
    expect(new Set(runs.map(({ runId }) => runId)).size).toBe(3);
  }

  it.each(Object.keys(victims) as (keyof typeof victims)[])(
    'of %s: each goes on by itself and none is promoted twice',
    async (victim) => {
      const { quarantined, running, waiting, approved, used, failing } = idsOf(victim);
      const { children } = await home.status();
      const pids = victims[victim].map((name) => children.find((child) => child.name === name)?.pid ?? 0);
      await skills.client.submit(waitingSkill(running, { caseMs: 1000 }));
      await vi.waitFor(async () => expect((await skills.life(running)).candidate?.runs).toHaveLength(1), patience);
      skills.begin(used, { ms: 2000, text: 'done' });
      skills.begin(failing, { ms: 2000, text: 'fail' });
      await Promise.all([underWay(home, used), underWay(home, failing)]);
      await skills.client.submit(waitingSkill(quarantined, { caseMs: 1000 }));
      await killDuringApproval(approved, pids);

      for (const id of [quarantined, running, waiting]) expectThreeRuns(await skills.reaches(id, 'awaiting-approval'));
      for (const id of approved) expectThreeRuns(await becomesActive(id));
      expect(await ended(used)).toMatchObject({ state: 'ok', output: { text: 'done' } });
      expect(await ended(failing)).toMatchObject({ state: 'failed', result: { verdict: 'exception', blame: 'skill' } });
      const { past } = await skills.reaches(failing.skill, 'deprecated');
      expect(past[0]?.strikes.map(({ runId }) => runId)).toEqual(
        ['first', 'second', 'third'].map((key) => `${failing.skill}.${key}`),
      );
      for (const pid of pids) await expect.poll(() => sandboxesOf(pid), patience).toEqual([]);
      for (const id of approved)
        expect((await skills.client.deprecate(id, { reason: 'the test is over' })).active).toBeUndefined();
    },
  );

  it('leaves one entry of each change in the audit log, and the log whole', async () => {
    const changes = readAudit(home).filter(({ type }) => type === 'skill-state-changed' || type === 'skill-strike');
    const told = changes.map(({ type, subject, details }) => JSON.stringify([type, subject, details]));
    expect(told.filter((one, index) => told.indexOf(one) !== index)).toEqual([]);
    const promotions = changes.filter(({ details }) => details['to'] === 'active');
    const ids = Object.keys(victims).flatMap((victim) => {
      const { approved, used, failing } = idsOf(victim);
      return [...approved, used.skill, failing.skill];
    });
    expect(promotions.map(({ subject = '' }) => subject).toSorted((a, b) => (a < b ? -1 : 1))).toEqual(
      ids.toSorted((a, b) => (a < b ? -1 : 1)),
    );
    await home.talos('audit', 'verify');
  });

  it('tells who follows a skill of every step', async () => {
    await skills.client.submit(waitingSkill('followed', { caseMs: 500 }));
    const { stdout } = await home.talos('skills', 'show', 'followed', '--follow');
    expect(stdout).toMatch(/1\/3 one: ok[^]*2\/3 two: ok[^]*3\/3 three: ok[^]*It needs you/);
  });
});
