import type { RevisionReport } from '../domain/night/run.ts';
import { TalosError } from '../domain/errors.ts';
import { refuseWhenLocked } from '../domain/lockdown/refuse.ts';
import type { ModelPorts } from '../domain/models/store.ts';
import type { LanguageModel, TestModels, TextHasher } from '../domain/ports.ts';
import { promptBudget } from '../domain/prompt/assemble.ts';
import { revisionPrompt } from '../domain/prompt/revision.ts';
import { estimateTokens } from '../domain/prompt/tokens.ts';
import type { SkillBundle } from '../domain/skills/bundle.ts';
import type { SkillDrafts } from '../domain/skills/ports.ts';
import { chooseRevision, type FailedSkill, revisionLevel } from '../domain/skills/choose-revision.ts';
import type { DraftKey, SkillDraft } from '../domain/skills/draft.ts';
import { handIn } from '../domain/skills/hand-in.ts';
import type { BundleHash, SkillId } from '../domain/skills/manifest.ts';
import { compareRevision, type Passed, readRevision, revisedFiles, revisionFormat } from '../domain/skills/revision.ts';
import { chooseModel } from './choose-model.ts';
import { withHeartbeat } from './heartbeat.ts';
import type { ModelSettings } from './model-settings.ts';
import type { Patience } from './patience.ts';
import { executeRun } from './skill-execution.ts';
import { type SkillDeps, skillParts } from './skill-parts.ts';
import { structuredReply } from './structured-reply.ts';

type Deps = SkillDeps & {
  readonly model: LanguageModel;
  readonly testModels: TestModels;
  readonly modelPorts: ModelPorts;
  readonly hashText: TextHasher;
  readonly patience: Patience;
  newMarker(): string;
  readonly settings: ModelSettings;
};

type RevisionRef = { readonly key: DraftKey };

/** Nothing comes of the revision, and why. */
type Dropped = { readonly isDropped: true; readonly report: RevisionReport };

/** Failures older than that were looked at by an earlier night. */
const lookBackMs = 24 * 60 * 60 * 1000;

/** Runs of a skill that are looked at. */
const mostRuns = 50;

/** Steps by which the agent mends one skill at night. */
export function createSkillRevisionActivities(deps: Deps) {
  const guard = <T>(work: (signal: AbortSignal) => Promise<T>) =>
    withHeartbeat(work, () => refuseWhenLocked(deps.lockdown));

  return {
    /** Chooses what failed most since yesterday; nothing below trust level 4, and nothing that was tried with the same failures before. */
    beginRevision: (): Promise<RevisionRef | Dropped> => begin(deps),

    /** Lets the model mend the skill. Fails with REPLY_INVALID when it does not keep to the form. */
    writeRevision: (ref: RevisionRef): Promise<{ isDropped: false } | Dropped> =>
      deps.patience.keep(() => guard((signal) => write(deps, ref, signal))),

    /** Runs the cases of the revision on it and on the version in use. */
    tryRevision: (ref: RevisionRef): Promise<{ isDropped: false; reason: string } | Dropped> =>
      guard((signal) => compare(deps, ref, signal)),

    /** Hands a better revision in: it is quarantined like any other skill, and the owner decides. */
    async proposeRevision({ key, reason }: RevisionRef & { reason: string }): Promise<RevisionReport> {
      const { skills, skillRuntime, drafts } = skillParts(deps);
      const draft = await draftOf(deps, key);
      const { after } = await bundlesOf(deps, draft);
      const { id } = after.manifest;
      const details = { hash: after.hash, replaces: draft.revises.hash };
      await handIn({ skills, skillRuntime }, after, { by: 'talos', over: draft.revises.hash });
      await deps.audit.append({ type: 'revision-proposed', actor: 'talos', subject: id, details });
      await drafts.save({ ...draft, state: 'submitted', hash: after.hash });
      const { version } = after.manifest;
      return { state: 'proposed', skill: id, note: `version ${version} is better: ${reason}`.slice(0, 500) };
    },

    /** Gives a revision up, and says why. */
    dropRevision: ({ key, problem }: RevisionRef & { problem: string }): Promise<RevisionReport> =>
      drop(deps, key, problem),
  };
}

async function begin(deps: Deps): Promise<RevisionRef | Dropped> {
  if (deps.settings.trustLevel < revisionLevel) return none(`proposing skills needs trust level ${revisionLevel}`);
  const { catalog, skillRuns, drafts } = skillParts(deps);
  const since = deps.now() - lookBackMs;
  const skills = await Promise.all(
    (await catalog.list()).map(async (life) => {
      const failed = await skillRuns.list(life.id, { limit: mostRuns, offset: 0, failedOnly: true });
      const recent = failed.filter(({ createdAt }) => createdAt >= since);
      const runs = await Promise.all(recent.map(({ skill, key }) => skillRuns.run({ skill, key })));
      return { life, runs: runs.filter((run) => run !== undefined) };
    }),
  );
  return chooseAmong(deps, drafts, skills);
}

/** The skill that failed most and was not tried with these failures before. */
async function chooseAmong(
  deps: Deps,
  drafts: SkillDrafts,
  skills: readonly FailedSkill[],
): Promise<RevisionRef | Dropped> {
  const choice = chooseRevision(skills);
  const hash = skills.find(({ life }) => life.id === choice?.skill)?.life.active?.hash;
  if (choice === undefined || hash === undefined) return none('no skill failed by its own fault since yesterday');
  const { skill, failures } = choice;
  const inputs = failures.map(({ inputHash }) => inputHash).toSorted();
  const key = deps.hashText(JSON.stringify(['revision', hash, inputs])).slice(0, 32);
  const revises = { hash, failures };
  const request = `mend what failed of ${skill}`;
  const draft = await drafts.begin({ key, request, by: 'talos', createdAt: deps.now(), skill, revises });
  if (draft.state === 'writing') return { key };
  const others = skills.filter(({ life }) => life.id !== skill);
  if (chooseRevision(others) !== undefined) return chooseAmong(deps, drafts, others);
  return none(`skill ${skill} failed as before, and a revision was ${draft.state} already`);
}

function none(note: string): Dropped {
  return { isDropped: true, report: { state: 'none', note } };
}

async function write(deps: Deps, { key }: RevisionRef, signal: AbortSignal): Promise<{ isDropped: false } | Dropped> {
  const draft = await draftOf(deps, key);
  if (draft.tries.length > 0) return { isDropped: false }; // an attempt whose answer was lost
  const [{ model }, before] = await Promise.all([
    chooseModel(deps, signal),
    skillParts(deps).skills.load(draft.skill, draft.revises.hash),
    refuseWhenLocked(deps.lockdown),
  ]);
  const { contextTokens, temperature } = deps.settings;
  const maxOutputTokens = Math.floor(contextTokens / 2);
  const messages = revisionPrompt(before, draft.revises.failures, deps.newMarker());
  const tokens = messages.reduce((sum, { content }) => sum + estimateTokens(content), 0);
  if (tokens > promptBudget({ contextTokens, maxOutputTokens })) {
    return { isDropped: true, report: await drop(deps, key, 'the skill is too long for the model') };
  }
  const details = { model, route: 'local', promptHash: deps.hashText(JSON.stringify(messages)) };
  await deps.audit.append({ type: 'model-called', actor: 'talos', subject: `revision ${key}`, details });
  const request = {
    model,
    messages,
    contextTokens,
    maxOutputTokens,
    temperature,
    think: false,
    format: revisionFormat,
  };
  const { reply } = await structuredReply(deps.model, { request, read: readRevision, signal });
  await skillParts(deps).drafts.save({ ...draft, model, tries: [{ reply }] });
  return { isDropped: false };
}

async function compare(deps: Deps, { key }: RevisionRef, signal: AbortSignal) {
  const draft = await draftOf(deps, key);
  const bundles = await bundlesOf(deps, draft).catch((thrown: unknown) => {
    if (thrown instanceof TalosError && thrown.code === 'SKILL_INVALID') return thrown.message;
    throw thrown;
  });
  if (typeof bundles === 'string') return { isDropped: true, report: await drop(deps, key, bundles) } as const;
  const { before, after } = bundles;
  const cases = after.cases;
  const old = await passed(deps, { bundle: before, cases, key: `${key}-old` }, signal);
  const fresh = await passed(deps, { bundle: after, cases, key: `${key}-new` }, signal);
  const { isBetter, reason } = compareRevision(old, fresh);
  if (isBetter) return { isDropped: false, reason } as const;
  return { isDropped: true, report: await drop(deps, key, reason) } as const;
}

type Test = { readonly bundle: SkillBundle; readonly cases: SkillBundle['cases']; readonly key: string };

async function passed(deps: Deps, { bundle, cases, key }: Test, signal: AbortSignal): Promise<Passed> {
  const parts = skillParts(deps);
  const results: Record<string, boolean> = {};
  for (const [index, evalCase] of cases.entries()) {
    const { input } = evalCase;
    const ref = { skill: bundle.manifest.id, key: `${key}-${index}` };
    const facts = { inputBy: 'case', inputHash: parts.skillRules.hashJson(input), createdAt: deps.now() } as const;
    const record = { ...ref, ...facts, state: 'pending', input } as const;
    const { state } = await executeRun(parts, { bundle, record, evalCase }, signal);
    results[evalCase.id] = state === 'ok';
  }
  return results;
}

type RevisionDraft = SkillDraft & { readonly skill: SkillId; readonly revises: { readonly hash: BundleHash } };

/** The version in use and its revision; fails with SKILL_INVALID when what the model wrote is no skill. */
async function bundlesOf(deps: Deps, draft: RevisionDraft): Promise<{ before: SkillBundle; after: SkillBundle }> {
  const { skills, skillRules } = skillParts(deps);
  const before = await skills.load(draft.skill, draft.revises.hash);
  const reply = readRevision(draft.tries.at(-1)?.reply ?? '');
  if (!reply.ok) throw new TalosError('SKILL_INVALID', reply.problem);
  const { failures } = draft.revises;
  return { before, after: skillRules.readBundle(revisedFiles(before, { reply: reply.value, failures })) };
}

async function drop(deps: Deps, key: DraftKey, problem: string): Promise<RevisionReport> {
  const draft = await draftOf(deps, key);
  await skillParts(deps).drafts.save({ ...draft, state: 'failed', problem });
  return { state: 'dropped', skill: draft.skill, note: `a revision was dropped: ${problem}`.slice(0, 500) };
}

async function draftOf(deps: Deps, key: DraftKey) {
  const draft = await skillParts(deps).drafts.get(key);
  const { skill, revises } = draft ?? {};
  if (draft !== undefined && skill !== undefined && revises !== undefined) return { ...draft, skill, revises };
  throw new TalosError('NOT_FOUND', `Revision ${key} is no longer kept; the next night looks again.`);
}
