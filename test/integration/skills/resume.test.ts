import { Client } from '@temporalio/client';
import { afterEach, describe, expect, inject, it } from 'vitest';

import { TalosError } from '../../../domain/errors.ts';
import type { SkillState } from '../../../domain/skills/life.ts';
import { skillLifeWorkflowId } from '../../../workflows/messages.ts';
import { keepLives } from '../../../workers/keep-lives.ts';
import { createSkillTwins, type SkillTwins } from '../../support/skill-twins.ts';
import { startTalos } from '../../support/talos.ts';
import { newSkillId, skillDriver } from './support.ts';

type Talos = Awaited<ReturnType<typeof startTalos>>;
const roles = ['core', 'gpu', 'sandbox'] as const;

describe('the life of a skill survives', () => {
  let talos: Talos;
  afterEach(() => talos.close());
  const serveAll = async () => {
    const stops = await Promise.all(roles.map((role) => talos.serve(role)));
    return async () => void (await Promise.all(stops.map((stop) => stop())));
  };
  const historyOf = async (id: string) => {
    const client = new Client({ connection: talos.connection, namespace: 'talos' });
    const handle = client.workflow.getHandle(skillLifeWorkflowId(id));
    return { handle, runId: (await handle.describe()).runId };
  };

  it('a stop of every worker in each state, and promotes once', async () => {
    talos = await startTalos(inject('stack'));
    const skill = skillDriver(talos);
    const { sandbox } = talos.skills;
    let stop = await serveAll();
    const restart = async () => {
      await stop();
      stop = await serveAll();
    };
    // Running: stopped in the middle of the second run.
    const begun = Promise.withResolvers<void>();
    let runs = 0;
    sandbox.follow(async (_request, signal) => {
      runs += 1;
      if (runs !== 2) return undefined;
      begun.resolve();
      await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('killed'))));
      return undefined;
    });
    // Quarantined: no sandbox is served when the version comes, and its worker goes away.
    await stop();
    const core = await talos.serve('core');
    const { hash } = await skill.submit();
    await core();
    stop = await serveAll();
    await begun.promise;
    await restart();
    await skill.reaches(hash, 'awaiting-approval');
    await restart();
    await skill.approve(hash);
    await restart();
    expect(await skill.ended(await skill.run())).toMatchObject({ state: 'ok' });
    await talos.skillRuntime.deprecate({ id: skill.id, by: 'owner', reason: 'enough' });
    await restart();
    await talos.skillRuntime.restore({ id: skill.id, hash, by: 'owner', reason: 'again' });
    await skill.reaches(hash, 'awaiting-approval');
    const became = (to: SkillState) =>
      talos.ports.audited
        .events()
        .filter(({ type, details }) => type === 'skill-state-changed' && details?.['to'] === to);
    expect(became('active')).toHaveLength(1);
    expect(became('deprecated')).toHaveLength(1);
    expect(talos.skills.skills.certificates()).toHaveLength(1);
  });

  it('an outage of the catalogue in the middle of a change: it is made up for, and audited once', async () => {
    const twins = createSkillTwins();
    let outages = 0;
    const catalog: SkillTwins['catalog'] = {
      ...twins.catalog,
      async put(life) {
        if (life.active !== undefined && (outages += 1) < 3) throw new TalosError('STORE_UNAVAILABLE', 'It is away.');
        await twins.catalog.put(life);
      },
    };
    talos = await startTalos(inject('stack'), { skills: { ...twins, catalog } });
    await serveAll();
    const skill = skillDriver(talos);
    const { hash } = await skill.submit();
    await skill.reaches(hash, 'awaiting-approval');
    expect((await skill.approve(hash)).active?.hash).toBe(hash);
    expect(outages).toBe(3);
    const states = talos.ports.audited.events().map(({ details }) => details?.['to']);
    expect(states.filter((state) => state === 'active')).toHaveLength(1);
  });

  it('an order given while no worker is there: it is carried out once one is', async () => {
    talos = await startTalos(inject('stack'));
    const skill = skillDriver(talos);
    const stop = await serveAll();
    const { hash } = await skill.submit();
    await skill.reaches(hash, 'awaiting-approval');
    await stop();
    const approval = skill.approve(hash);
    await serveAll();
    expect((await approval).active?.hash).toBe(hash);
  });

  it('many changes: its history begins anew and nothing is forgotten', async () => {
    const skills = createSkillTwins();
    talos = await startTalos(inject('stack'), { skills, life: { continueAfter: 4 } });
    await serveAll();
    const skill = skillDriver(talos);
    const { hash } = await skill.submit();
    const { runId: first } = await historyOf(skill.id);
    await skill.reaches(hash, 'awaiting-approval');
    await skill.approve(hash);
    skills.sandbox.follow(async () => ({ verdict: 'fs-denied' }));
    await skill.ended(await skill.run());
    await skill.ended(await skill.run());
    await expect.poll(async () => (await skill.life()).active?.strikes.length, { timeout: 10_000 }).toBe(2);
    const before = await skill.life();
    skills.sandbox.follow(async () => undefined);
    const second = await skill.submit({ code: 'v2' });
    await skill.reaches(second.hash, 'awaiting-approval');
    expect((await historyOf(skill.id)).runId).not.toBe(first);
    const life = await talos.skillRuntime.life(skill.id);
    expect(life?.active).toEqual(before.active);
    expect(life?.candidate?.runs).toHaveLength(3);
    expect(life).toEqual(await skill.life());
  });

  it('orders that come one right after the other while its history begins anew: none is lost or refused', async () => {
    talos = await startTalos(inject('stack'), { life: { continueAfter: 2 } });
    await serveAll();
    const skill = skillDriver(talos);
    const { hash } = await skill.submit();
    await skill.reaches(hash, 'awaiting-approval');
    const order = { id: skill.id, hash, by: 'owner', reason: 'again' };
    for (let round = 0; round < 6; round += 1) {
      expect((await talos.skillRuntime.reject(order)).candidate).toBeUndefined();
      expect((await talos.skillRuntime.restore(order)).candidate?.hash).toBe(hash);
    }
    await skill.reaches(hash, 'awaiting-approval');
  });

  it('the loss of its workflow: the next order takes up what the catalogue knows', async () => {
    talos = await startTalos(inject('stack'));
    await serveAll();
    const skill = skillDriver(talos);
    const lose = async () => (await historyOf(skill.id)).handle.terminate('lost');
    const { hash } = await skill.activate();
    await lose();
    const second = await skill.submit({ code: 'v2' });
    await skill.reaches(second.hash, 'awaiting-approval');
    expect((await talos.skillRuntime.life(skill.id))?.active?.hash).toBe(hash);
    await lose();
    const life = await talos.skillRuntime.deprecate({ id: skill.id, by: 'owner', reason: 'x' });
    expect(life).toMatchObject({ past: [{ hash, state: 'deprecated' }], candidate: { hash: second.hash } });
    const unknown = talos.skillRuntime.deprecate({ id: newSkillId(), by: 'owner', reason: 'x' });
    await expect(unknown).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('the loss of its workflow: with the next start faults of the version in use count again', async () => {
    talos = await startTalos(inject('stack'));
    await serveAll();
    const skill = skillDriver(talos);
    const { hash } = await skill.activate();
    await (await historyOf(skill.id)).handle.terminate('lost');
    const { catalog } = talos.skills;
    await keepLives({ catalog, skillRuntime: talos.skillRuntime, logger: talos.ports.logger });
    talos.skills.sandbox.follow(async () => ({ verdict: 'exception', reason: 'it threw' }));
    for (let run = 0; run < 3; run += 1) await skill.ended(await skill.run(run));
    await skill.reaches(hash, 'deprecated');
  });
});
