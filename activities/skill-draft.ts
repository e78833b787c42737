import type { MessageRef } from '../domain/chat.ts';
import { TalosError } from '../domain/errors.ts';
import { refuseWhenLocked } from '../domain/lockdown/refuse.ts';
import type { ModelPorts } from '../domain/models/store.ts';
import type { ConversationStore, LanguageModel, TestModels, TextHasher, TokenStream } from '../domain/ports.ts';
import { promptBudget } from '../domain/prompt/assemble.ts';
import { draftPrompt } from '../domain/prompt/draft.ts';
import type { BundleFiles, SkillBundle } from '../domain/skills/bundle.ts';
import { describeDraft } from '../domain/skills/describe-draft.ts';
import type { DraftKey, SkillDraft } from '../domain/skills/draft.ts';
import { draftFiles, draftFormat } from '../domain/skills/draft-reply.ts';
import { handIn } from '../domain/skills/hand-in.ts';
import { distinctCases } from '../domain/skills/test-plan.ts';
import { chooseModel } from './choose-model.ts';
import { withHeartbeat } from './heartbeat.ts';
import type { ModelSettings } from './model-settings.ts';
import type { Patience } from './patience.ts';
import { executeRun } from './skill-execution.ts';
import { type SkillDeps, skillParts } from './skill-parts.ts';
import { type Reading, structuredReply } from './structured-reply.ts';

type Deps = SkillDeps & {
  readonly conversations: ConversationStore;
  readonly tokens: TokenStream;
  readonly model: LanguageModel;
  readonly testModels: TestModels;
  readonly modelPorts: ModelPorts;
  readonly hashText: TextHasher;
  readonly patience: Patience;
  readonly settings: ModelSettings;
};

/** Names a draft. */
type DraftRef = { readonly key: DraftKey };

/** Whether a step found nothing wrong; what was wrong is kept with the draft. */
type DraftCheck = { readonly isSound: boolean };

/** Room for a whole skill. */
const draftTokens = 4096;

/** Steps by which the model writes a skill. */
export function createSkillDraftActivities(deps: Deps) {
  return {
    /** Lets the model write a skill, or mend the one it wrote before. */
    writeDraft: (ref: DraftRef & { place: number }): Promise<DraftCheck> =>
      deps.patience.keep(() =>
        withHeartbeat(
          (signal) => write(deps, ref, signal),
          () => refuseWhenLocked(deps.lockdown),
        ),
      ),

    /** Runs the cases of what the model wrote, each in a sandbox of its own. */
    tryDraft: (ref: DraftRef): Promise<DraftCheck> =>
      withHeartbeat(
        (signal) => tryCases(deps, ref, signal),
        () => refuseWhenLocked(deps.lockdown),
      ),

    /** Hands what the model wrote in, to be tested like any other skill. */
    async submitDraft(ref: DraftRef): Promise<{ skill: string; hash: string }> {
      const { skills, skillRuntime, drafts } = skillParts(deps);
      const draft = await draftOf(deps, ref);
      const bundle = bundleOf(deps, draft);
      const [id, hash] = [bundle.manifest.id, bundle.hash];
      await handIn({ skills, skillRuntime }, bundle, { by: draft.by, over: null }); // meanwhile there may be one of this name
      await drafts.save({ ...draft, state: 'submitted', skill: id, hash });
      return { skill: id, hash };
    },

    /** Tells whoever wished for a skill what came of it. */
    async reportDraft(ref: MessageRef, key: DraftKey): Promise<{ model?: string }> {
      const draft = await draftOf(deps, { key });
      const text = describeDraft(draft);
      await deps.tokens.append(ref, { type: 'attempt-start', attempt: 1 });
      await deps.tokens.append(ref, { type: 'text-delta', text });
      await deps.conversations.saveDraft(ref, text);
      return draft.model === undefined ? {} : { model: draft.model };
    },

    /** Gives a draft up; without a problem of its own it keeps what the last try failed at. */
    async failDraft({ key, problem }: DraftRef & { problem?: string }): Promise<void> {
      const draft = await draftOf(deps, { key });
      const last = draft.tries.at(-1)?.problem ?? 'nothing was written';
      await skillParts(deps).drafts.save({ ...draft, state: 'failed', problem: problem ?? last });
    },
  };
}

async function write(deps: Deps, ref: DraftRef & { place: number }, signal: AbortSignal): Promise<DraftCheck> {
  const [draft, { model }] = await Promise.all([
    draftOf(deps, ref),
    chooseModel(deps, signal),
    refuseWhenLocked(deps.lockdown),
  ]);
  const { contextTokens, temperature } = deps.settings;
  const before = draft.tries.slice(0, ref.place);
  const maxOutputTokens = Math.min(draftTokens, Math.floor(contextTokens / 2));
  const messages = draftPrompt(draft.request, before, promptBudget({ contextTokens, maxOutputTokens }));
  const details = { model, route: 'local', promptHash: deps.hashText(JSON.stringify(messages)) };
  await deps.audit.append({ type: 'model-called', actor: 'talos', subject: `draft ${ref.key}`, details });
  const request = { model, messages, contextTokens, maxOutputTokens, temperature, think: false, format: draftFormat };
  const { reply } = await structuredReply(deps.model, { request, read: readDraft, signal });
  const written = { ...draft, model, tries: [...before, { reply }] };
  return check(deps, written, await problemIn(deps, written));
}

function readDraft(reply: string): Reading<BundleFiles> {
  const files = draftFiles(reply);
  return typeof files === 'string' ? { ok: false, problem: files } : { ok: true, value: files };
}

/** What is wrong with what was written, before any of it runs. */
async function problemIn(deps: Deps, draft: SkillDraft): Promise<string | undefined> {
  const { catalog, skillRules } = skillParts(deps);
  try {
    const { manifest, cases } = bundleOf(deps, draft);
    const life = await catalog.get(manifest.id);
    if (life?.active !== undefined || life?.candidate !== undefined) {
      return `There is a skill ${manifest.id} already; choose another id.`;
    }
    const distinct = distinctCases(cases, skillRules.hashJson).length;
    return distinct < 3 ? `There are ${distinct} cases with different inputs; three are needed.` : undefined;
  } catch (thrown) {
    if (thrown instanceof TalosError && thrown.code === 'SKILL_INVALID') return thrown.message;
    throw thrown;
  }
}

async function tryCases(deps: Deps, ref: DraftRef, signal: AbortSignal): Promise<DraftCheck> {
  const parts = skillParts(deps);
  const draft = await draftOf(deps, ref);
  const bundle = bundleOf(deps, draft);
  const problems: string[] = [];
  for (const { evalCase, inputHash } of distinctCases(bundle.cases, parts.skillRules.hashJson)) {
    const { id, input } = evalCase;
    const run = { skill: bundle.manifest.id, key: `draft-${bundle.hash.slice(0, 12)}-${id}`.slice(0, 64) };
    const record = { ...run, state: 'pending', inputBy: 'case', inputHash, input, createdAt: deps.now() } as const;
    const { state, error } = await executeRun(parts, { bundle, record, evalCase }, signal);
    if (state !== 'ok') problems.push(`case ${id}: ${error?.message ?? state}`);
  }
  return check(deps, draft, problems.length === 0 ? undefined : problems.join('\n'));
}

/** Keeps what was wrong with the last try. */
async function check(deps: Deps, draft: SkillDraft, problem: string | undefined): Promise<DraftCheck> {
  const { reply = '' } = draft.tries.at(-1) ?? {};
  const last = problem === undefined ? { reply } : { reply, problem };
  await skillParts(deps).drafts.save({ ...draft, tries: [...draft.tries.slice(0, -1), last] });
  return { isSound: problem === undefined };
}

/** The skill that was written last; fails with SKILL_INVALID. */
function bundleOf(deps: Deps, { tries }: SkillDraft): SkillBundle {
  const files = draftFiles(tries.at(-1)?.reply ?? '');
  if (typeof files === 'string') throw new TalosError('SKILL_INVALID', files);
  return skillParts(deps).skillRules.readBundle(files);
}

async function draftOf(deps: Deps, { key }: DraftRef): Promise<SkillDraft> {
  const draft = await skillParts(deps).drafts.get(key);
  if (draft !== undefined) return draft;
  throw new TalosError('NOT_FOUND', `Draft ${key} is no longer kept; ask for the skill again.`);
}
