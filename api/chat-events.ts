import type { Request, Response } from 'express';
import { z } from 'zod';

import {
  ConversationId,
  MessageId,
  messageId,
  type MessageRecord,
  type MessageRef,
  type MessageState,
  StreamEvent,
  toChatReply,
} from '../domain/chat.ts';
import { toTalosError } from '../domain/errors.ts';
import type { StreamEntry } from '../domain/ports.ts';
import { abortWhen } from './abort-when.ts';
import { callerOf } from './caller.ts';
import type { ApiDeps } from './deps.ts';
import { type EventStream, openEventStream } from './event-stream.ts';
import type { Messages } from './messages.ts';
import { parseInput } from './problem.ts';

/** Either half of a stream id is an unsigned 64-bit number. */
const highest = 2n ** 64n - 1n;

function isStreamId(text: string): boolean {
  const halves = /^(\d{1,20})-(\d{1,20})$/.exec(text)?.slice(1);
  return halves?.every((half) => BigInt(half) <= highest) === true;
}

/** Place in the stream of a message. */
export const LastEventId = z
  .string()
  .refine(isStreamId, 'is not the id of an event; leave it out to start from the beginning')
  .optional()
  .meta({ description: 'Id of the last event received; what came after it is sent', example: '1732150000000-0' });

/** Data of the first event of a stream: which message it is of. */
const MessageBegun = z.strictObject({ id: MessageId, conversation: ConversationId }).meta({ id: 'MessageBegun' });

/** Data of any event of a stream. */
export const StreamData = z.union([MessageBegun, StreamEvent]);

type Streaming = {
  readonly request: Request;
  readonly response: Response;
  readonly ref: MessageRef;
  readonly lastId: string | undefined;
};

/** Where a client wants to go on. */
export function lastEventId(request: Request): string | undefined {
  return parseInput(LastEventId, request.get('last-event-id'), 'Last-Event-ID');
}

/**
 * Sends what happens to a message as server-sent events: first `message` with its id, at last `done` with the reply. A client
 * that goes away stops nothing. When the server shuts down the stream ends with a comment, to be resumed; so it does when the store has
 * lost the message.
 * Returns the state of the message when the stream ended.
 */
export async function streamMessage(
  deps: Pick<ApiDeps, 'tokens' | 'logger'>,
  messages: Messages,
  { request, response, ref, lastId }: Streaming,
): Promise<MessageState> {
  const id = messageId(ref);
  let state: MessageState = 'pending';
  const lost = new AbortController();
  const stream = openEventStream(response, () => void messages.current(ref).catch(abortWhenUnknown(lost)));
  const { signal, release } = abortWhen([stream.gone, callerOf(request).closing, lost.signal]);
  try {
    await stream.send({ event: 'message', data: { id, conversation: ref.conversation } });
    const entries = deps.tokens.follow(ref, { signal, ...(lastId !== undefined && { lastId }) });
    for await (const entry of entries) {
      await sendEntry(stream, entry, () => messages.current(ref));
      if (entry.event.type === 'done') state = entry.event.state;
    }
    if (lost.signal.aborted) stream.comment('the message is not in the store any more; send it again');
    if (callerOf(request).closing.aborted) stream.comment('Talos is shutting down; connect again with Last-Event-ID');
  } catch (thrown) {
    deps.logger.warn({ correlationId: id, code: toTalosError(thrown).code }, 'event stream broke');
    stream.comment('the stream broke; connect again with Last-Event-ID');
  } finally {
    release();
    stream.end();
  }
  return state;
}

/** A message the store has lost never ends; any other failure is for the next look. */
function abortWhenUnknown(lost: AbortController): (thrown: unknown) => void {
  return (thrown) => {
    if (toTalosError(thrown).code === 'NOT_FOUND') lost.abort();
  };
}

async function sendEntry(
  stream: EventStream,
  { id, event }: StreamEntry,
  current: () => Promise<MessageRecord>,
): Promise<void> {
  const data: StreamEvent = event.type === 'done' ? { ...event, reply: toChatReply(await current()) } : event;
  await stream.send({ id, event: event.type, data });
}
