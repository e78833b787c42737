import {
  allHandlersFinished,
  CancellationScope,
  condition,
  isCancellation,
  patched,
  setCurrentDetails,
} from '@temporalio/workflow';

import type { MemoryUse, MessageState } from '../domain/chat.ts';
import type { SkillStep } from '../domain/skills/steps.ts';
import type { Settlement } from '../domain/settlement.ts';
import { replyFromCloud, withStandIn } from './cloud-reply.ts';
import { replyWithDraft } from './drafted-reply.ts';
import { fromActivityFailure } from './failure.ts';
import type { MessageInput } from './messages.ts';
import { core, local } from './proxies.ts';
import { replyWithSkills } from './skill-calls.ts';
import { createTurns } from './turns.ts';

/** One message, one run: screen, wait for its turn, recall, reply with skills, settle; then remember it. Returns how it ended. */
export async function message(input: MessageInput): Promise<{ state: MessageState; code?: string }> {
  const { conversation, after } = input;
  const turns = createTurns(after === undefined ? undefined : { conversation, key: after });
  const settlement = await answer(input, turns);
  await CancellationScope.nonCancellable(() => local.settleMessage(input, settlement));
  setCurrentDetails(`**${settlement.state}**${settlement.model === undefined ? '' : ` by ${settlement.model}`}`);
  await CancellationScope.nonCancellable(async () => {
    await turns.give();
    if (settlement.state === 'answered') await memorise(input);
    await condition(allHandlersFinished);
  });
  return { state: settlement.state, ...(settlement.error && { code: settlement.error.code }) };
}

/** An answer that was given has not failed, also where it cannot be remembered; the log says why. */
async function memorise(input: MessageInput): Promise<void> {
  try {
    await core.memoriseMessage(input);
  } catch (thrown) {
    if (!patched('answered-without-memory')) throw thrown;
    setCurrentDetails('**answered**, but not remembered');
  }
}

async function answer(input: MessageInput, turns: ReturnType<typeof createTurns>): Promise<Settlement> {
  const { conversation, key } = input;
  const steps: SkillStep[] = [];
  let memory: MemoryUse | undefined;
  try {
    const screening = await local.screenMessage({ conversation, key, isNext: input.after === undefined });
    if (screening.kind === 'refused') return screening.settlement;
    await turns.await();
    if (screening.draft !== undefined) return await replyWithDraft(input, screening.draft);
    memory = await core.recallMemories({ conversation, key });
    const onWait = (): Promise<void> => turns.give();
    const reply =
      screening.route === 'cloud'
        ? await replyFromCloud(input, { onWait })
        : await withStandIn(input, () => replyWithSkills(input, { steps, onWait }), { onWait });
    return { state: 'answered', ...reply, memory, ...(steps.length > 0 && { steps }) };
  } catch (thrown) {
    return { ...endedEarly(thrown), ...(memory && { memory }), ...(steps.length > 0 && { steps }) };
  }
}

function endedEarly(thrown: unknown): Settlement {
  if (isCancellation(thrown)) {
    return {
      state: 'stopped',
      error: { code: 'MESSAGE_STOPPED', message: 'The message was stopped before it was answered.' },
    };
  }
  const { code, message: text } = fromActivityFailure(thrown);
  return { state: code === 'LOCKDOWN' ? 'stopped' : 'failed', error: { code, message: text } };
}
