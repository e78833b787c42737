import { z } from 'zod';

import { TalosError } from '../domain/errors.ts';
import { type NewSkillRun, runId, SkillRunRecord, type SkillRunRef } from '../domain/skills/run.ts';

const field = z.string().nullable();

/** Values of `facts`, `state` and `result` of one run hash. */
export const RunFields = z.tuple([field, field, field]);
export type RunFields = z.infer<typeof RunFields>;

/** Keys with the fields of their runs. */
export const KeyedRuns = z.array(z.tuple([z.string(), RunFields]));

/** The part of a run that is stored as JSON; its input has a key of its own. */
export function runFacts({ input: _input, skill: _skill, key: _key, ...facts }: NewSkillRun): string {
  return JSON.stringify(facts);
}

/** Builds a record from its stored fields; rejects what is none with INTERNAL. */
export function toRunRecord(ref: SkillRunRef, [facts, state, result]: RunFields, body: RunBody = {}): SkillRunRecord {
  const { skill, key } = ref;
  const stored = {
    ...readJson(facts),
    skill,
    key,
    state,
    ...(result !== null && { result: readJson(result) }),
    ...(typeof body.input === 'string' && { input: parseJson(body.input) }),
    ...(typeof body.output === 'string' && { output: parseJson(body.output) }),
  };
  const record = SkillRunRecord.safeParse(stored);
  if (record.success) return record.data;
  throw new TalosError('INTERNAL', `Run ${runId(ref)} is not stored as Talos writes it; restore a backup.`, {
    cause: record.error,
  });
}

type RunBody = { readonly input?: string | null; readonly output?: string | null };

function readJson(json: string | null): Record<string, unknown> {
  const value = json === null ? undefined : parseJson(json);
  return typeof value === 'object' && value !== null ? { ...value } : { value };
}

/** Undefined, which no schema of ours takes, for what is no JSON. */
function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined; // the schema that reads it says what is wrong
  }
}
