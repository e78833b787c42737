import { CancellationScope, isCancellation } from '@temporalio/workflow';

import { mostTries } from '../domain/skills/draft-limits.ts';
import { fromActivityFailure } from './failure.ts';
import type { SkillDraftInput } from './messages.ts';
import { core, gpu, local, sandbox } from './proxies.ts';

/** How a draft ended; the texts are in the store of drafts. */
type DraftEnding = { readonly state: 'submitted' | 'failed'; readonly skill?: string; readonly hash?: string };

/** The model writes a skill and its cases; they are run, it hears what was wrong, and what works is handed in for quarantine. */
export async function skillDraft(input: SkillDraftInput): Promise<DraftEnding> {
  const { key } = input;
  try {
    if (await writeUntilSound(input)) return { state: 'submitted', ...(await core.submitDraft({ key })) };
    await local.failDraft({ key });
  } catch (thrown) {
    const problem = isCancellation(thrown) ? 'It was stopped.' : fromActivityFailure(thrown).message;
    await CancellationScope.nonCancellable(() => local.failDraft({ key, problem }));
  }
  return { state: 'failed' };
}

async function writeUntilSound({ key, gpuWaitSeconds }: SkillDraftInput): Promise<boolean> {
  const { writeDraft } = gpu(gpuWaitSeconds);
  const { tryDraft } = sandbox({ priority: 3, waitSeconds: gpuWaitSeconds });
  for (let place = 0; place < mostTries; place += 1) {
    const written = await writeDraft({ key, place });
    if (!written.isSound) continue;
    const tried = await tryDraft({ key });
    if (tried.isSound) return true;
  }
  return false;
}
