import { z } from 'zod';

import { ConversationId, ConversationSummary, MessageRecord } from '../../domain/chat.ts';
import { TalosError } from '../../domain/errors.ts';
import type { ApiDeps } from '../deps.ts';
import { createMessages } from '../messages.ts';
import { Page } from '../page.ts';
import { parseInput } from '../problem.ts';
import { problems, type Route } from '../route.ts';

/** Body of `GET /conversations`. */
export const ConversationList = z
  .strictObject({ conversations: z.array(ConversationSummary) })
  .meta({ id: 'ConversationList' });

/** Body of `GET /conversations/{id}`. */
export const Conversation = z
  .strictObject({ id: ConversationId, messages: z.array(MessageRecord) })
  .meta({ id: 'Conversation' });

/** Pending messages whose workflows are asked after at a time. */
const mostLookedAfter = 8;

/** `GET /conversations` and `GET /conversations/{id}`. */
export function conversationRoutes(deps: ApiDeps): Route[] {
  const { conversations } = deps;
  const { current } = createMessages(deps);
  return [
    {
      method: 'get',
      path: '/conversations',
      operation: {
        operationId: 'listConversations',
        summary: 'Conversations, the latest first',
        requestParams: { query: Page },
        responses: {
          200: { description: 'A page of them', content: { 'application/json': { schema: ConversationList } } },
          ...problems('VALIDATION_FAILED', 'STORE_UNAVAILABLE'),
        },
      },
      async handle(request, response) {
        const page = parseInput(Page, request.query, 'query');
        response.json({ conversations: await conversations.conversations(page) });
      },
    },
    {
      method: 'get',
      path: '/conversations/:id',
      operation: {
        operationId: 'getConversation',
        summary: 'The messages of a conversation with their answers, the oldest first',
        requestParams: { path: z.object({ id: ConversationId }), query: Page },
        responses: {
          200: { description: 'A page of them', content: { 'application/json': { schema: Conversation } } },
          ...problems('VALIDATION_FAILED', 'NOT_FOUND', 'STORE_UNAVAILABLE'),
        },
      },
      async handle(request, response) {
        const id = parseInput(ConversationId, request.params['id'], 'id');
        const found = await conversations.conversation(id, parseInput(Page, request.query, 'query'));
        if (found === undefined) throw new TalosError('NOT_FOUND', `There is no conversation ${id}.`);
        // One that never started would be shown as pending for ever. The first ones have to end before any other can.
        const pending = found.filter(({ state }) => state === 'pending').slice(0, mostLookedAfter);
        const messages = await Promise.all(
          found.map(async (one) => (pending.includes(one) ? current(one).catch(() => one) : one)),
        );
        response.json({ id, messages });
      },
    },
  ];
}
