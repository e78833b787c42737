import type { CleanRun } from '../../../../domain/skills/certificate.ts';
import { type Outcome, unborn } from '../../../../domain/skills/change.ts';
import type { SkillLife } from '../../../../domain/skills/life.ts';
import { promote } from '../../../../domain/skills/promotion.ts';
import { askOwner, beginRuns, countRun, submit } from '../../../../domain/skills/quarantine.ts';

/** A hash made of one letter. */
export const hashOf = (letter: string): string => letter.repeat(64);

/** A clean run of a case; input and output hashes follow from the name of the case. */
export function cleanRun(name: string): CleanRun {
  return {
    runId: `run-${name}`,
    case: name,
    inputHash: Buffer.from(name).toString('hex').padEnd(64, '0').slice(0, 64),
    outputHash: hashOf('f'),
    driver: 'bubblewrap',
    resources: { wallMs: 5 },
    egress: [{ host: 'example.org', method: 'GET', allowed: true, status: 200, bytes: 3 }],
    finishedAt: 1,
  };
}

/** The life an outcome holds; a refusal fails the test. */
export function lifeOf(outcome: Outcome): SkillLife {
  if (!outcome.ok) throw new Error(`${outcome.code}: ${outcome.message}`);
  return outcome.life;
}

type Step = (life: SkillLife, at: number) => Outcome;

/** Takes steps one after the other, a millisecond apart. */
export function walk(life: SkillLife, steps: readonly Step[], at = 1000): SkillLife {
  return steps.reduce((now, step, index) => lifeOf(step(now, at + index)), life);
}

export const submitted =
  (letter: string, findings: string[] = []): Step =>
  (life, at) =>
    submit(life, { hash: hashOf(letter), version: `1.0.${letter.charCodeAt(0)}`, findings }, at);

export const begun =
  (letter: string): Step =>
  (life, at) =>
    beginRuns(life, hashOf(letter), at);

export const passed =
  (letter: string, name: string): Step =>
  (life, at) =>
    countRun(life, { hash: hashOf(letter), run: cleanRun(name) }, at);

/** A life in which a version waits for approval, on top of another life. */
export function waiting(letter: string, life: SkillLife = unborn('csv-summary')): SkillLife {
  const runs = ['a', 'b', 'c'].map((name) => passed(letter, name));
  const ask: Step = (now, at) => askOwner(now, { hash: hashOf(letter) }, at);
  return walk(life, [submitted(letter), begun(letter), ...runs, ask]);
}

/** A life in which a version is active. */
export function inUse(letter: string, life?: SkillLife): SkillLife {
  return walk(waiting(letter, life), [(now, at) => promote(now, { hash: hashOf(letter) }, at)], 2000);
}
