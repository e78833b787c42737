import { executeChild, ParentClosePolicy } from '@temporalio/workflow';

import type { Settlement } from '../domain/settlement.ts';
import type { DraftKey } from '../domain/skills/draft.ts';
import { type MessageInput, type SkillDraftInput, skillDraftWorkflowId } from './messages.ts';
import { local } from './proxies.ts';

/** Answers a wish for a new skill: lets it be written, and tells what came of that. */
export async function replyWithDraft(input: MessageInput, key: DraftKey): Promise<Settlement> {
  const { conversation, gpuWaitSeconds } = input;
  const draft: SkillDraftInput = { key, gpuWaitSeconds };
  await executeChild('skillDraft', {
    workflowId: skillDraftWorkflowId(key),
    workflowIdReusePolicy: 'REJECT_DUPLICATE',
    parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
    args: [draft],
  });
  return { state: 'answered', ...(await local.reportDraft({ conversation, key: input.key }, key)) };
}
