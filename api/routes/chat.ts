import { createHash } from 'node:crypto';

import type { Request } from 'express';
import { z } from 'zod';

import {
  ChatReply,
  ChatRequest,
  MessageId,
  MessageKey,
  messageId,
  type MessageOptions,
  type MessageRecord,
  type MessageRef,
  parseMessageId,
  toChatReply,
} from '../../domain/chat.ts';
import { TalosError } from '../../domain/errors.ts';
import { answerChat, answerPending } from '../chat-answer.ts';
import { LastEventId, lastEventId, StreamData, streamMessage } from '../chat-events.ts';
import type { ApiDeps } from '../deps.ts';
import { createMessages, type Messages, nameMessage } from '../messages.ts';
import { parseInput } from '../problem.ts';
import { createLargeBodies } from '../large-body.ts';
import { mostBytes } from '../read-body.ts';
import { keepImages } from '../read-images.ts';
import { problems, type Route } from '../route.ts';
import type { Traffic } from '../traffic.ts';
import { whileWaiting } from '../while-waiting.ts';

const reply = { content: { 'application/json': { schema: ChatReply } } };
const events = { 'text/event-stream': { schema: StreamData } };
const MessagePath = z.object({ id: MessageId });
const outcomes = [
  'MESSAGE_TOO_LONG',
  'FIREWALL_BLOCKED',
  'CONVERSATION_ON_HOLD',
  'LOCKDOWN',
  'MESSAGE_STOPPED',
  'MODEL_UNAVAILABLE',
  'MODEL_MISSING',
  'MODEL_REFUSED',
  'MODEL_TIMEOUT',
  'VISION_MISSING',
  'CLOUD_NOT_CONFIGURED',
  'CLOUD_UNAVAILABLE',
  'CLOUD_PAUSED',
  'CLOUD_BUDGET_SPENT',
  'CLOUD_REFUSED',
  'CLOUD_BLOCKED',
  'APPROVAL_REFUSED',
  'GPU_BUSY',
  'STORE_UNAVAILABLE',
  'STORE_FULL',
  'AUDIT_UNAVAILABLE',
  'RUNTIME_UNAVAILABLE',
] as const;

const operations = {
  send: {
    operationId: 'sendMessage',
    summary: 'Say something; the answer comes as JSON, or streamed with Accept: text/event-stream',
    description:
      'The same Idempotency-Key in the same conversation is the same message and gets the same answer. A client that goes away stops nothing.',
    requestParams: {
      header: z.object({ 'Idempotency-Key': MessageKey.optional(), 'Last-Event-ID': LastEventId }),
    },
    requestBody: { required: true, content: { 'application/json': { schema: ChatRequest } } },
    responses: {
      200: {
        description: 'The answer, or the stream of it: `message` first, `done` with the reply last',
        content: { ...reply.content, ...events },
      },
      202: { description: 'Not answered yet; Location tells where the answer will be', ...reply },
      ...problems(
        'VALIDATION_FAILED',
        'BODY_NOT_JSON',
        'BODY_TOO_LARGE',
        'UNSUPPORTED_MEDIA_TYPE',
        'IDEMPOTENCY_CONFLICT',
        'IMAGE_INVALID',
        'DISK_FULL',
        ...outcomes,
      ),
    },
  },
  read: {
    operationId: 'getMessage',
    summary: 'The state of a message, with its answer once there is one',
    requestParams: { path: MessagePath },
    responses: {
      200: { description: 'The message, whatever its state', ...reply },
      ...problems('VALIDATION_FAILED', 'NOT_FOUND', 'STORE_UNAVAILABLE'),
    },
  },
  follow: {
    operationId: 'followMessage',
    summary: 'What happens to a message, as server-sent events; resumable with Last-Event-ID',
    requestParams: { path: MessagePath, header: z.object({ 'Last-Event-ID': LastEventId }) },
    responses: {
      200: { description: 'The events, until `done`', content: events },
      ...problems('VALIDATION_FAILED', 'NOT_FOUND', 'STORE_UNAVAILABLE'),
    },
  },
  stop: {
    operationId: 'stopMessage',
    summary: 'Stop a message; the text so far is kept. Doing it again changes nothing',
    requestParams: { path: MessagePath },
    responses: {
      200: { description: 'It is over already', ...reply },
      202: { description: 'It was asked to stop', ...reply },
      ...problems('VALIDATION_FAILED', 'NOT_FOUND', 'STORE_UNAVAILABLE', 'RUNTIME_UNAVAILABLE'),
    },
  },
} satisfies Record<string, Route['operation']>;

/** `POST /chat`, and `GET`, `DELETE` and events of one message. */
export function chatRoutes(deps: ApiDeps, traffic: Traffic): Route[] {
  const messages = createMessages(deps);
  return [
    { method: 'post', path: '/chat', operation: operations.send, handle: sendHandler(deps, messages, traffic) },
    {
      method: 'get',
      path: '/chat/:id',
      operation: operations.read,
      async handle(request, response) {
        const record = await messages.current(refIn(request));
        response.json(toChatReply(record, await messages.awaiting(record)));
      },
    },
    {
      method: 'get',
      path: '/chat/:id/events',
      operation: operations.follow,
      async handle(request, response) {
        const ref = refIn(request);
        const lastId = lastEventId(request);
        await messages.current(ref);
        await streamMessage(deps, messages, { request, response, ref, lastId });
      },
    },
    {
      method: 'delete',
      path: '/chat/:id',
      operation: operations.stop,
      async handle(request, response) {
        const record = await messages.stop(refIn(request));
        if (record.state === 'pending') answerPending(response, record);
        else response.json(toChatReply(record));
      },
    },
  ];
}

function sendHandler(deps: ApiDeps, messages: Messages, traffic: Traffic): Route['handle'] {
  const withBody = createLargeBodies();

  async function outcomeOf(ref: MessageRef, request: Request): Promise<MessageRecord> {
    await whileWaiting(request, deps.config.web.waitSeconds * 1000, (signal) => messages.ended(ref, signal));
    return messages.current(ref);
  }

  return async (request, response) => {
    const body = await withBody(request, response, (given) => takeBody(deps, parseInput(ChatRequest, given, 'body')));
    const lastId = lastEventId(request);
    const ref = refOf(body, keyIn(request), deps.newKey);
    response.set('X-Correlation-Id', messageId(ref));
    const { ended } = await messages.submit({
      ...ref,
      text: body.message,
      ...(hasOptions(body.options) && { options: body.options }),
    });
    if (ended !== undefined) response.set('Idempotent-Replay', 'true');
    if (request.accepts(['application/json', 'text/event-stream']) === 'text/event-stream') {
      const state = await streamMessage(deps, messages, { request, response, ref, lastId });
      return traffic.countMessage(state);
    }
    const record = ended ?? (await outcomeOf(ref, request).catch(nameMessage(ref)));
    traffic.countMessage(record.state);
    answerChat(response, record, await messages.awaiting(record).catch(nameMessage(ref)));
  };
}

/** What a request says once its images are kept; the bytes themselves are let go. */
async function takeBody(deps: ApiDeps, { message, conversation, route, images }: ChatRequest) {
  if (Buffer.byteLength(JSON.stringify({ message, conversation, route })) > mostBytes) {
    throw new TalosError('BODY_TOO_LARGE', `Beside its images a body may have ${mostBytes} bytes; send less text.`);
  }
  const kept = images === undefined ? undefined : await keepImages(deps.images, images);
  const options: MessageOptions = { ...(route && { route }), ...(kept && { images: kept }) };
  return { message, conversation, options };
}

function hasOptions(options: MessageOptions): boolean {
  return Object.keys(options).length > 0;
}

function refIn(request: Request): MessageRef {
  return parseMessageId(parseInput(MessageId, request.params['id'], 'id'));
}

function keyIn(request: Request): MessageKey | undefined {
  return parseInput(MessageKey.optional(), request.get('idempotency-key'), 'Idempotency-Key');
}

/**
 * Names the message. Without a conversation a new one begins; its id follows from the key where the caller gave one, so that
 * the same request again is the same message.
 */
function refOf(
  { conversation }: Pick<ChatRequest, 'conversation'>,
  key: MessageKey | undefined,
  newKey: () => string,
): MessageRef {
  const begun = key === undefined ? newKey() : createHash('sha256').update(`conversation ${key}`).digest('hex');
  return { conversation: conversation ?? begun.slice(0, 36), key: key ?? newKey() };
}
