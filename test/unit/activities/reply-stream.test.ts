import { describe, expect, it } from 'vitest';

import { streamReply } from '../../../activities/reply-stream.ts';
import { createMemoryChat } from '../../../adapters/memory/conversation-store.ts';
import type { ModelEvent } from '../../../domain/models/model.ts';

const ref = { conversation: 'c', key: 'k' };
const finish: ModelEvent = { type: 'finish', reason: 'stop', promptTokens: 1, outputTokens: 0 };
const { signal } = new AbortController();

async function* saying(...events: ModelEvent[]): AsyncGenerator<ModelEvent> {
  yield* events;
}

async function started() {
  const chat = createMemoryChat();
  await chat.conversations.accept({ ...ref, text: 'hello', createdAt: 1 });
  const say = (...events: ModelEvent[]) =>
    streamReply({ ...chat, now: () => 1 }, ref, { events: saying(...events), signal });
  const reply = async () => {
    await chat.conversations.settle(ref, { state: 'answered' }, 2);
    return (await chat.conversations.message(ref))?.reply;
  };
  return { say, reply };
}

describe('a streamed reply', () => {
  it('that is empty is not what an attempt before had half said', async () => {
    const { say, reply } = await started();
    await expect(say({ type: 'text-delta', text: 'The answer is n' })).rejects.toThrow('in the middle');
    await say(finish);
    expect(await reply()).toBe('');
  });

  it('is what was half said when the next attempt breaks off before a word', async () => {
    const { say, reply } = await started();
    await expect(say({ type: 'text-delta', text: 'The answer is n' })).rejects.toThrow('in the middle');
    await expect(say()).rejects.toThrow('in the middle');
    expect(await reply()).toBe('The answer is n');
  });

  it('is whole though its pieces cut a character in half', async () => {
    const { say, reply } = await started();
    const [high = '', low = ''] = '\u{1f600}'.split('');
    await say({ type: 'text-delta', text: `a${high}` }, { type: 'text-delta', text: `${low}b` }, finish);
    expect(await reply()).toBe('a\u{1f600}b');
  });
});
