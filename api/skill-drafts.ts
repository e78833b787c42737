import { TalosError, toTalosError } from '../domain/errors.ts';
import type { DraftKey, NewDraft, SkillDraft } from '../domain/skills/draft.ts';
import type { ApiDeps } from './deps.ts';

type Deps = Pick<ApiDeps, 'drafts' | 'skillRuntime'>;

/** What the API does with skills the model writes. */
export function createDrafts(deps: Deps) {
  const { drafts, skillRuntime } = deps;
  return {
    /** Begins a draft and has it written. The same key again is the same draft; fails with IDEMPOTENCY_CONFLICT for another wish. */
    async begin(wanted: NewDraft): Promise<SkillDraft> {
      const kept = await drafts.begin(wanted);
      if (kept.request !== wanted.request) {
        throw new TalosError('IDEMPOTENCY_CONFLICT', `Draft ${kept.key} is of another skill; use a new key.`);
      }
      await skillRuntime.startDraft(kept.key).catch(nameDraft(kept.key));
      return kept;
    },

    /** A draft as it is now; fails with NOT_FOUND. */
    async current(key: DraftKey): Promise<SkillDraft> {
      const found = await drafts.get(key);
      if (found === undefined)
        throw new TalosError('NOT_FOUND', `There is no draft ${key}, or it is older than a week.`);
      return found.state === 'writing' ? revived(deps, found) : found;
    },
  };
}

/** Who has drafts written by workflows of their own: one wished for in a chat waits for the turn of its message. */
const otherAuthors: readonly string[] = ['chat', 'talos'];

/**
 * A draft whose workflow is gone would be written for ever: one that could not be started is started by whoever looks, one that was
 * ended from outside (terminated by hand) has failed. With the runtime away nothing can be told.
 */
async function revived({ drafts, skillRuntime }: Deps, draft: SkillDraft): Promise<SkillDraft> {
  const { key, by } = draft;
  try {
    const state = await skillRuntime.draftState(key);
    if (state === 'unknown' && !otherAuthors.includes(by)) await skillRuntime.startDraft(key);
    if (state !== 'ended') return draft;
  } catch (thrown) {
    if (toTalosError(thrown).code === 'RUNTIME_UNAVAILABLE') return draft;
    throw thrown;
  }
  const now = (await drafts.get(key)) ?? draft; // it may just have ended by itself
  if (now.state !== 'writing') return now;
  const failed: SkillDraft = {
    ...now,
    state: 'failed',
    problem: 'It was ended from outside; ask for the skill again.',
  };
  await drafts.save(failed);
  return failed;
}

/** The draft is kept already: who hears that it could not be started may look at it later, or ask for it again with its key. */
function nameDraft(key: DraftKey): (thrown: unknown) => never {
  return (thrown) => {
    const { code, message, details, cause } = toTalosError(thrown);
    const kept = `${message} Draft ${key} is kept and begins when it is looked at: GET /skills/drafts/${key}`;
    throw new TalosError(code, kept, { cause, details: { ...details, draft: key } });
  };
}
