import { Client } from '@temporalio/client';

import type { MessageRef } from '../../domain/chat.ts';
import { replyText } from '../../adapters/test-model/script.ts';
import { createBundleTools } from '../../adapters/skill-reader.ts';
import { readBundle } from '../../domain/skills/read-bundle.ts';
import { messageWorkflowId, skillDraftWorkflowId, skillLifeWorkflowId } from '../../workflows/messages.ts';
import { scriptedModel, use } from '../integration/message/skill-script.ts';
import { createSkillTwins } from '../support/skill-twins.ts';
import type { TestStack } from '../support/stack.ts';
import { startTalos } from '../support/talos.ts';

/** Records messages that use skills, wait for consent or wish for a skill. */
export async function recordChat(stack: TestStack, record: (name: string, workflowId: string) => Promise<void>) {
  const tools = createBundleTools({ maxBytes: 1_000_000 });
  const valid = { pass: true } as const;
  const skills = createSkillTwins({
    readBundle: (files) => readBundle(files, tools),
    checkInput: () => valid,
    checkOutput: () => valid,
    judgeCase: () => valid,
  });
  skills.sandbox.follow(async () => ({ verdict: 'ok', output: 2 }));
  const model = scriptedModel(({ messages, format }) => {
    const last = messages.at(-1);
    if (format !== undefined) return replyText('draft');
    if (last?.role === 'tool') return 'Two.';
    return [[last?.content === 'ask' ? 'asking' : 'double', { input: 1 }]];
  });
  const talos = await startTalos(stack, { skills, wrap: model.wrap });
  await Promise.all([talos.serve('core'), talos.serve('gpu'), talos.serve('sandbox')]);
  const client = new Client({ connection: talos.connection, namespace: 'talos' });
  const ended = async (ref: MessageRef): Promise<string> => {
    await client.workflow.getHandle(messageWorkflowId(ref)).result();
    return messageWorkflowId(ref);
  };

  await use(skills, 'double');
  await use(skills, 'asking', { hosts: ['api.example.org'] });
  await record('answered-with-a-skill', await ended(await talos.send('double')));
  const asking = await talos.send('ask');
  while ((await skills.awaitedCalls.list()).length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  await talos.ports.runtime.decideCall(asking, { call: '1-1', by: 'owner', isAllowed: true, approval: 'a-1' });
  await record('answered-after-consent', await ended(asking));
  const wish = await talos.send('Make a skill that shouts');
  await record('answered-with-a-draft', await ended(wish));
  const { workflowId } = await draftOf(client, wish);
  await record('skill-draft-submitted', workflowId);
  await client.workflow.getHandle(skillLifeWorkflowId('shout')).terminate('it was recorded');
  await talos.close();
}

/** The draft a message had written. */
async function draftOf(client: Client, ref: MessageRef): Promise<{ workflowId: string }> {
  const { events } = await client.workflow.getHandle(messageWorkflowId(ref)).fetchHistory();
  const ids = (events ?? []).map((event) => event.startChildWorkflowExecutionInitiatedEventAttributes?.workflowId);
  const workflowId = ids.find((id) => id?.startsWith(skillDraftWorkflowId('')) === true);
  if (typeof workflowId !== 'string') throw new Error('the message had no skill written');
  return { workflowId };
}
