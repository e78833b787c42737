import { ApplicationFailure, condition, setCurrentDetails } from '@temporalio/workflow';

import { type ErrorCode, TalosError } from '../domain/errors.ts';
import { changesBetween, type Outcome, unborn } from '../domain/skills/change.ts';
import type { SkillLife } from '../domain/skills/life.ts';
import { describeLife } from '../domain/skills/describe-life.ts';
import { fromActivityFailure, toApplicationFailure } from './failure.ts';
import type { SkillLifeInput } from './messages.ts';
import { local } from './proxies.ts';

/** A step from one life to the next; it may take activities to find out. */
export type LifeStep = (life: SkillLife) => Outcome | Promise<Outcome>;

export type LifeKeeper = ReturnType<typeof createLifeKeeper>;

/** Keeps the life of one skill: one change at a time, and none counts before it is audited and in the catalogue. */
export function createLifeKeeper({ id, life: given }: SkillLifeInput) {
  let life = given ?? unborn(id);
  let isLoaded = given !== undefined;
  let steps = 0;
  let last: Promise<unknown> = Promise.resolve();

  async function take(by: string, step: LifeStep): Promise<SkillLife> {
    await condition(() => isLoaded);
    const outcome = await step(life);
    if (!outcome.ok) throw new TalosError(outcome.code, outcome.message);
    if (outcome.life === life) return life;
    const next = outcome.life;
    await local.publishSkillLife({ life: next, changes: changesBetween(life, next), by });
    life = next;
    steps += 1;
    setCurrentDetails(describeLife(life));
    return life;
  }

  return {
    current: () => life,
    isLoaded: () => isLoaded,
    /** Changes since this history began. */
    steps: () => steps,

    /** Takes up what the catalogue knows, unless the life came with the start. */
    async load(): Promise<void> {
      if (!isLoaded) life = await local.recallSkillLife(id);
      isLoaded = true;
      setCurrentDetails(describeLife(life));
    },

    /** Takes a step after those asked for before it. Fails as an update has to: any other error would stop the whole workflow. */
    async change(by: string, step: LifeStep): Promise<SkillLife> {
      const mine = last.then(() => take(by, step));
      last = mine.catch(() => undefined); // whoever asked for it hears of it
      try {
        return await mine;
      } catch (thrown) {
        throw asFailure(thrown);
      }
    },
  };
}

/** What an update may fail with. */
function asFailure(thrown: unknown): ApplicationFailure {
  if (thrown instanceof ApplicationFailure) return thrown;
  return toApplicationFailure(thrown instanceof TalosError ? thrown : fromActivityFailure(thrown));
}

/** Whether a failure says that the files are not what was handed in. */
export function isBrokenFiles(code: ErrorCode): boolean {
  return code === 'SKILL_CHANGED' || code === 'SKILL_INVALID' || code === 'NOT_FOUND';
}
