import type { IncomingMessage } from 'node:http';

import { createParser } from 'eventsource-parser';
import { z } from 'zod';

import { ChatReply, type ChatRequest, type MessageId, type MessageKey, StreamEvent } from '../domain/chat.ts';
import { DeliveredCode } from '../domain/approval/code.ts';
import type { StreamEntry } from '../domain/ports.ts';
import { type ApiCall, type ApiSocket, connectionError, createApiSocket, readJson } from './api-socket.ts';

/** What the commands ask of a running Talos. */
export type ApiClient = {
  /** Sends a message and streams what happens; the same key again is the same message. Ends early when the connection breaks. */
  send(request: ChatRequest & { key: MessageKey }, signal: AbortSignal): AsyncIterable<StreamEntry>;
  /** Streams a message from after `lastId`. */
  resume(place: { id: MessageId; lastId: string }, signal: AbortSignal): AsyncIterable<StreamEntry>;
  reply(id: MessageId): Promise<ChatReply>;
  stop(id: MessageId): Promise<void>;
  panic(reason: string): Promise<void>;
  /** The codes that wait for the owner, oldest first. */
  codes(): Promise<DeliveredCode[]>;
};

const eventStream = { accept: 'text/event-stream' };

/** A panic that the API does not take in this time is done without it. */
const panicMs = 5_000;

/** The client of the API behind a socket path. */
export function createApiClient(socketPath: string): ApiClient {
  const api = createApiSocket(socketPath);
  return {
    send: ({ key, ...body }, signal) =>
      streamEvents(api, {
        method: 'POST',
        path: '/chat',
        headers: { ...eventStream, 'idempotency-key': key },
        body,
        signal,
      }),
    resume: ({ id, lastId }, signal) =>
      streamEvents(api, {
        method: 'GET',
        path: `/chat/${id}/events`,
        headers: { ...eventStream, 'last-event-id': lastId },
        signal,
      }),
    reply: (id) => api.json({ method: 'GET', path: `/chat/${id}` }, ChatReply),
    async stop(id) {
      const response = await api.call({ method: 'DELETE', path: `/chat/${id}` });
      response.resume();
    },
    async panic(reason) {
      const signal = AbortSignal.timeout(panicMs);
      await api.json({ method: 'POST', path: '/panic', body: { reason }, signal }, z.unknown());
    },
    async codes() {
      const { codes } = await api.json({ method: 'GET', path: '/codes' }, z.object({ codes: z.array(DeliveredCode) }));
      return codes;
    },
  };
}

async function* streamEvents(api: ApiSocket, call: ApiCall): AsyncGenerator<StreamEntry> {
  const response = await api.call(call);
  if (response.headers['content-type']?.startsWith('application/json') === true) return yield* alreadyEnded(response);
  const entries: StreamEntry[] = [];
  const parser = createParser({
    onEvent({ id, data }) {
      const event = StreamEvent.safeParse(parseJson(data));
      if (event.success) entries.push({ id: id ?? '', event: event.data });
    },
  });
  response.setEncoding('utf8');
  try {
    for await (const text of response) {
      parser.feed(String(text));
      yield* entries.splice(0);
    }
  } catch (error) {
    throw connectionError(error);
  } finally {
    response.destroy();
  }
}

/** A message that had ended before may be answered in one piece. */
async function* alreadyEnded(response: IncomingMessage): AsyncGenerator<StreamEntry> {
  const { state } = await readJson(response, ChatReply);
  if (state !== 'pending') yield { id: '', event: { type: 'done', state } };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // no event of ours
  }
}
