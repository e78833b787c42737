import type { Request } from 'express';
import { z } from 'zod';

import type { ApprovalRequest } from '../../domain/approval/code.ts';
import { MessageId, parseMessageId } from '../../domain/chat.ts';
import { TalosError } from '../../domain/errors.ts';
import { refuseWhenLocked } from '../../domain/lockdown/refuse.ts';
import type { AwaitedCloud, CloudDecision } from '../../domain/routing/departure.ts';
import { actorOf, createConsent } from '../consent.ts';
import type { ApiDeps } from '../deps.ts';
import { parseInput } from '../problem.ts';
import { readJsonBody } from '../read-body.ts';
import { problems, type Route } from '../route.ts';
import { CodeTicket, tellTicket } from './unlock.ts';

const MessagePath = z.object({ id: MessageId });

const CloudConsent = z
  .strictObject({ tts_code: z.string().meta({ description: 'The code the owner was sent', example: '0123' }) })
  .meta({ id: 'CloudConsent' });

const CloudDecided = z
  .strictObject({ id: MessageId, decision: z.enum(['allowed', 'refused']) })
  .meta({ id: 'CloudDecided' });

const decided = {
  200: { description: 'The message goes on', content: { 'application/json': { schema: CloudDecided } } },
};
const refusals = ['VALIDATION_FAILED', 'NOT_FOUND', 'RUNTIME_UNAVAILABLE', 'STORE_UNAVAILABLE'] as const;
const consents = ['LOCKDOWN', 'APPROVAL_LOCKED', 'AUDIT_UNAVAILABLE'] as const;

const operations = {
  ask: {
    operationId: 'askCloudCode',
    summary: 'Send the owner a code that lets one message go to the cloud',
    requestParams: { path: MessagePath },
    responses: {
      202: { description: 'The code is on its way', content: { 'application/json': { schema: CodeTicket } } },
      ...problems(...refusals, ...consents, 'APPROVAL_UNDELIVERED'),
    },
  },
  approve: {
    operationId: 'approveCloud',
    summary: 'Let a message that waits go to the cloud, with a code of the owner',
    requestParams: { path: MessagePath },
    requestBody: { required: true, content: { 'application/json': { schema: CloudConsent } } },
    responses: {
      ...decided,
      ...problems(
        ...refusals,
        ...consents,
        'APPROVAL_REFUSED',
        'BODY_NOT_JSON',
        'BODY_TOO_LARGE',
        'UNSUPPORTED_MEDIA_TYPE',
      ),
    },
  },
  refuse: {
    operationId: 'refuseCloud',
    summary: 'Keep a message that waits from the cloud; it ends without an answer',
    requestParams: { path: MessagePath },
    responses: { ...decided, ...problems(...refusals) },
  },
} satisfies Record<string, Route['operation']>;

type Deps = Pick<ApiDeps, 'awaitedClouds' | 'runtime' | 'lockdown' | 'approvals' | 'audit' | 'config' | 'now'>;

/** What the owner says to messages that wait for leave to go to the cloud. */
export function chatCloudRoutes(deps: Deps): Route[] {
  const consent = createConsent(deps);
  return [
    {
      method: 'post',
      path: '/chat/:id/cloud/tts-request',
      operation: operations.ask,
      async handle(request, response) {
        const awaited = await awaitedIn(deps, request);
        await refuseWhenLocked(deps.lockdown);
        response.status(202).json(tellTicket(await consent.ask(consentTo(awaited), actorOf(request, deps))));
      },
    },
    {
      method: 'post',
      path: '/chat/:id/cloud/approve',
      operation: operations.approve,
      async handle(request, response) {
        const { tts_code: code } = parseInput(CloudConsent, await readJsonBody(request, response), 'body');
        const awaited = await awaitedIn(deps, request);
        await refuseWhenLocked(deps.lockdown);
        const by = actorOf(request, deps);
        const approval = await consent.take({ ...consentTo(awaited), code }, by);
        await decide(deps, awaited, { by, isAllowed: true, approval });
        response.json({ id: awaited.message, decision: 'allowed' });
      },
    },
    {
      method: 'post',
      path: '/chat/:id/cloud/refuse',
      operation: operations.refuse,
      async handle(request, response) {
        const awaited = await awaitedIn(deps, request);
        await decide(deps, awaited, { by: actorOf(request, deps), isAllowed: false });
        response.json({ id: awaited.message, decision: 'refused' });
      },
    },
  ];
}

/** What a code consents to: that exactly this leaves for this host. */
function consentTo({ message, binding }: AwaitedCloud): ApprovalRequest {
  return { action: 'cloud-call', subject: message, binding };
}

async function awaitedIn({ awaitedClouds }: Deps, request: Request): Promise<AwaitedCloud> {
  const { id } = parseInput(MessagePath, request.params, 'path');
  const found = (await awaitedClouds.list()).find(({ message }) => message === id);
  if (found !== undefined) return found;
  throw new TalosError(
    'NOT_FOUND',
    `Message ${id} does not wait for leave to go to the cloud; see: talos approvals ls`,
  );
}

async function decide({ runtime, awaitedClouds }: Deps, { message }: AwaitedCloud, made: CloudDecision): Promise<void> {
  if (await runtime.decideCloud(parseMessageId(message), made)) return;
  await awaitedClouds.remove(message);
  throw new TalosError('NOT_FOUND', `Message ${message} has ended; nothing of it waits any more.`);
}
