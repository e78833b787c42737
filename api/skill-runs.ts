import type { Response } from 'express';

import { canonicalJson } from '../domain/canonical-json.ts';
import { isErrorCode, TalosError, toTalosError } from '../domain/errors.ts';
import type { JsonValue } from '../domain/json.ts';
import { refuseWhenLocked } from '../domain/lockdown/refuse.ts';
import { runId, type RunKey, type SkillRunRecord, type SkillRunRef } from '../domain/skills/run.ts';
import type { ApiDeps } from './deps.ts';
import { toProblem, writeProblem } from './problem.ts';

type Deps = Pick<ApiDeps, 'catalog' | 'skillRuns' | 'skillRuntime' | 'lockdown' | 'hashText' | 'now'>;

/** A run somebody asks for. */
type WantedRun = SkillRunRef & {
  readonly input: JsonValue;
  readonly inputBy: 'person' | 'model';
  readonly retryOf?: RunKey;
};

/** A person waits for the run, as in chat. */
const priority = 1;

/** How a run ended that told nobody. */
const endedOutside = {
  state: 'cancelled',
  blame: 'environment',
  error: {
    code: 'RUN_STOPPED',
    message: 'The run was ended from outside before it had come to anything; retry it.',
  },
} as const;

/**
 * A pending run whose workflow is gone would stay pending for ever, so whoever looks does something about it: one that was asked for and
 * could not be started then is started now, one that was ended from outside (terminated by hand) is settled. Others wait, as for consent.
 */
async function revived(deps: Deps, record: SkillRunRecord): Promise<SkillRunRecord> {
  const { skillRuns, skillRuntime, now } = deps;
  const { skill, key, inputBy, retryOf } = record;
  const state = await skillRuntime.runState({ skill, key }).catch(whileAway);
  if (state === 'running' || state === 'away') return record;
  if (state === 'unknown') {
    if (inputBy === 'person' || retryOf !== undefined) await start(deps, record).catch(whileAway);
    return record;
  }
  await skillRuns.settle({ skill, key }, { ...endedOutside, egress: [], log: '', finishedAt: now() });
  return (await skillRuns.run({ skill, key })) ?? record;
}

/** What can be told of a run while the runtime is away. */
function whileAway(thrown: unknown): 'away' {
  if (toTalosError(thrown).code === 'RUNTIME_UNAVAILABLE') return 'away';
  throw thrown;
}

/** Starts an accepted run, or finds it started. */
function start({ skillRuntime }: Deps, { skill, key, inputBy }: SkillRunRef & Pick<SkillRunRecord, 'inputBy'>) {
  return skillRuntime.startRun({ skill, key, priority, summary: `skill ${skill}, asked for by ${inputBy}` });
}

/** The run is kept already: who hears that it could not be started may look at it later, or ask for it again with its key. */
function nameRun(ref: SkillRunRef): (thrown: unknown) => never {
  return (thrown) => {
    const { code, message, details, cause } = toTalosError(thrown);
    const kept = `${message} Run ${runId(ref)} is kept and begins when it is looked at: talos runs show ${ref.skill} ${ref.key}`;
    throw new TalosError(code, kept, { cause, details: { ...details, runId: runId(ref) } });
  };
}

async function requireActive({ catalog }: Deps, skill: string): Promise<void> {
  const life = await catalog.get(skill);
  if (life === undefined) {
    throw new TalosError('NOT_FOUND', `There is no skill ${skill}; \`talos skills ls\` lists what there is.`);
  }
  if (life.active !== undefined) return;
  throw new TalosError('SKILL_NOT_READY', `Skill ${skill} has no active version; \`talos skills show\` says why.`);
}

/** The same run, if it is over already: who lost its answer is told again, whatever has become of the skill since. */
async function endedBefore(
  { skillRuns }: Deps,
  wanted: WantedRun,
  inputHash: string,
): Promise<SkillRunRecord | undefined> {
  const known = await skillRuns.run(wanted);
  return known?.inputHash === inputHash && known.state !== 'pending' ? known : undefined;
}

/** What the API does with runs of skills. */
export function createSkillRuns(deps: Deps) {
  const { skillRuns, skillRuntime, lockdown, hashText, now } = deps;
  async function record(ref: SkillRunRef): Promise<SkillRunRecord> {
    const found = await skillRuns.run(ref);
    if (found !== undefined) return found.state === 'pending' ? revived(deps, found) : found;
    throw new TalosError('NOT_FOUND', `There is no run ${runId(ref)}; \`talos skills runs ls\` lists what there is.`);
  }

  /** Accepts and starts a run. The same key again is the same run: `ended` is its record if it was over already. */
  async function submit(wanted: WantedRun): Promise<{ ended?: SkillRunRecord }> {
    const { skill } = wanted;
    const inputHash = hashText(canonicalJson(wanted.input));
    try {
      await Promise.all([refuseWhenLocked(lockdown), requireActive(deps, skill)]);
    } catch (thrown) {
      const before = await endedBefore(deps, wanted, inputHash);
      if (before === undefined) throw thrown;
      return { ended: before };
    }
    const place = await skillRuns.accept({ ...wanted, inputHash, createdAt: now() });
    if (place.kind === 'conflict') {
      throw new TalosError(
        'IDEMPOTENCY_CONFLICT',
        `Run ${runId(wanted)} exists with another input; use a new Idempotency-Key for a new run.`,
      );
    }
    if (place.kind === 'existing' && place.record.state !== 'pending') return { ended: place.record };
    await start(deps, wanted).catch(nameRun(wanted));
    return {};
  }

  /** Resolves when a run is over, or with the signal. One that is ended from outside settles nothing, so its workflow is asked, too. */
  async function ended(ref: SkillRunRef, signal: AbortSignal): Promise<void> {
    const done = new AbortController();
    const either = AbortSignal.any([signal, done.signal]);
    try {
      await Promise.race([skillRuns.settled(ref, either), skillRuntime.waitForRun(ref, either)]);
    } finally {
      done.abort();
    }
  }

  return {
    record,
    submit,
    ended,

    /** The run again with the same input, under a new key. Fails with SKILL_NOT_READY for one that did not fail. */
    async retried({ skill, key: retryOf }: SkillRunRef, key: RunKey): Promise<WantedRun> {
      const { state, input, inputBy } = await record({ skill, key: retryOf });
      if (state !== 'failed' && state !== 'cancelled') {
        throw new TalosError('SKILL_NOT_READY', `Run ${skill}.${retryOf} is ${state}; only a failed one is retried.`);
      }
      if (input === undefined) {
        throw new TalosError('NOT_FOUND', `The input of run ${skill}.${retryOf} is no longer kept; run it anew.`);
      }
      return { skill, key, retryOf, input, inputBy: inputBy === 'model' ? inputBy : 'person' };
    },
  };
}

/** When a client that got 202 should ask again. */
const retryAfterSeconds = '2';

/** Answers with a run: 200 when it went well, 202 while pending, else the problem it ended with. */
export function answerRun(response: Response, record: SkillRunRecord): void {
  const { skill, key, state, result } = record;
  if (state === 'ok') return void response.json(record);
  if (state === 'pending') {
    const headers = { Location: `/skills/${skill}/runs/${key}`, 'Retry-After': retryAfterSeconds };
    return void response.status(202).set(headers).json(record);
  }
  const { code, message } = result?.error ?? {
    code: 'RUN_STOPPED',
    message: `Run ${runId(record)} was stopped before it had ended.`,
  };
  // Nothing of a run but its input can be invalid; other codes name no field.
  const error = new TalosError(isErrorCode(code) ? code : 'INTERNAL', message, { details: { field: 'input' } });
  const problem = toProblem(error, response.req.path);
  writeProblem(response, { ...problem, detail: message, run: runId(record) });
}
