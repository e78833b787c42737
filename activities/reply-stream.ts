import type { MessageRef, TokenUsage } from '../domain/chat.ts';
import { TalosError } from '../domain/errors.ts';
import type { ModelEvent, ToolCall } from '../domain/models/model.ts';
import type { ConversationStore, TokenStream } from '../domain/ports.ts';
import { abortReason } from './heartbeat.ts';
import { createReplyWriter, type ReplyWriter } from './reply-writer.ts';

type Deps = { conversations: ConversationStore; tokens: TokenStream; now(): number };

/** What a model said at one go, and what it cost. */
export type Said = {
  readonly text: string;
  readonly calls: readonly ToolCall[];
  readonly usage: TokenUsage;
  readonly notice?: string;
};

/** Streams what the model says to whoever reads along, and keeps it as the draft. */
export async function streamReply(
  deps: Deps,
  ref: MessageRef,
  { events, signal }: { events: AsyncIterable<ModelEvent>; signal: AbortSignal },
): Promise<Said> {
  const writer = createReplyWriter(ref, deps);
  try {
    const said = await pump(events, writer);
    await writer.close(said.calls.length === 0);
    return said;
  } catch (thrown) {
    await writer.close(false).catch(() => undefined); // the first failure is the one that counts
    throw signal.aborted ? abortReason(signal) : thrown;
  }
}

/** The whole text of an answer that nobody reads along. */
export async function completeText(events: AsyncIterable<ModelEvent>, signal: AbortSignal): Promise<string> {
  try {
    const { text } = await pump(events, { write: () => undefined });
    return text;
  } catch (thrown) {
    throw signal.aborted ? abortReason(signal) : thrown;
  }
}

async function pump(events: AsyncIterable<ModelEvent>, writer: Pick<ReplyWriter, 'write'>): Promise<Said> {
  const calls: ToolCall[] = [];
  let text = '';
  for await (const event of events) {
    if (event.type === 'finish') {
      const { promptTokens, outputTokens, notice } = event;
      return { text, calls, usage: { promptTokens, outputTokens }, ...(notice !== undefined && { notice }) };
    }
    if (event.type === 'tool-call') calls.push(event.call);
    else writer.write(event);
    if (event.type === 'text-delta') text += event.text;
  }
  throw new TalosError('MODEL_UNAVAILABLE', 'The model stopped in the middle of its answer; it is asked again.');
}
