import { randomUUID } from 'node:crypto';
import { setInterval } from 'node:timers/promises';

import { inject } from 'vitest';

import type { SkillBundle } from '../../../domain/skills/bundle.ts';
import type { SkillLife, SkillState } from '../../../domain/skills/life.ts';
import { makeBundle } from '../../support/skill-twins.ts';
import { startTalos } from '../../support/talos.ts';

type Talos = Awaited<ReturnType<typeof startTalos>>;

/** A Talos of a test with a worker for everything. */
export async function startServing(options: Parameters<typeof startTalos>[1] = {}): Promise<Talos> {
  const talos = await startTalos(inject('stack'), options);
  await Promise.all((['core', 'gpu', 'sandbox'] as const).map((role) => talos.serve(role)));
  return talos;
}

/** A skill id no other test has: lives are named by it alone. */
export function newSkillId(): string {
  return `skill-${randomUUID().slice(0, 8)}`;
}

/** Drives the life of one skill on a Talos of a test. */
export function skillDriver(talos: Talos, id = newSkillId()) {
  const { skillRuntime, skills } = talos;
  const life = async (): Promise<SkillLife> => {
    const found = await skills.catalog.get(id);
    if (found === undefined) throw new Error(`nothing is known of ${id}`);
    return found;
  };
  const stateOf = async (hash: string): Promise<SkillState | undefined> => {
    const { active, candidate, past } = await life();
    return [active, candidate, ...past].find((version) => version?.hash === hash)?.state;
  };
  return {
    id,
    life,
    stateOf,

    /** Stores and submits a version. */
    async submit(options: Parameters<typeof makeBundle>[1] = {}): Promise<SkillBundle> {
      const bundle = makeBundle(id, options);
      await skills.skills.put(bundle);
      await skillRuntime.submit({ id, hash: bundle.hash, by: 'owner' });
      return bundle;
    },

    /** Waits until a version is in a state. */
    async reaches(hash: string, state: SkillState): Promise<SkillLife> {
      const signal = AbortSignal.timeout(20_000);
      for await (const _ of setInterval(20, undefined, { signal })) if ((await stateOf(hash)) === state) break;
      return life();
    },

    approve: (hash: string, override?: string): Promise<SkillLife> =>
      skillRuntime.approve({ id, hash, by: 'owner', approval: randomUUID(), ...(override && { override }) }),

    /** Stores, tests and approves a version. */
    async activate(options: Parameters<typeof makeBundle>[1] = {}): Promise<SkillBundle> {
      const bundle = await this.submit(options);
      await this.reaches(bundle.hash, 'awaiting-approval');
      await this.approve(bundle.hash);
      return bundle;
    },

    /** Accepts and starts a run as the API does. */
    async run(input: unknown = 21, options: { key?: string; inputBy?: 'person' | 'model' } = {}) {
      const { key = String(randomUUID()), inputBy = 'person' } = options;
      const ref = { skill: id, key };
      const value = input as number;
      const inputHash = skills.skillRules.hashJson(value);
      await skills.skillRuns.accept({ ...ref, input: value, inputHash, inputBy, createdAt: Date.now() });
      await skillRuntime.startRun({ ...ref, priority: 1, summary: 'test' });
      return ref;
    },

    /** The record of a run that was started and has ended. */
    async ended(ref: { skill: string; key: string }) {
      await skillRuntime.waitForRun(ref, AbortSignal.timeout(30_000));
      return skills.skillRuns.run(ref);
    },
  };
}
