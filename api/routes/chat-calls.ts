import type { Request } from 'express';
import { z } from 'zod';

import type { ApprovalRequest } from '../../domain/approval/code.ts';
import { MessageId, parseMessageId } from '../../domain/chat.ts';
import { TalosError } from '../../domain/errors.ts';
import { refuseWhenLocked } from '../../domain/lockdown/refuse.ts';
import { type AwaitedCall, CallId } from '../../domain/skills/steps.ts';
import { actorOf, createConsent } from '../consent.ts';
import type { ApiDeps } from '../deps.ts';
import { parseInput } from '../problem.ts';
import { readJsonBody } from '../read-body.ts';
import { problems, type Route } from '../route.ts';
import { CodeTicket, tellTicket } from './unlock.ts';

const CallPath = z.object({ id: MessageId, call: CallId });

const CallConsent = z
  .strictObject({ tts_code: z.string().meta({ description: 'The code the owner was sent', example: '0123' }) })
  .meta({ id: 'CallConsent' });

const CallDecided = z
  .strictObject({ id: MessageId, call: CallId, decision: z.enum(['allowed', 'refused']) })
  .meta({ id: 'CallDecided' });

const decided = {
  200: { description: 'The message goes on', content: { 'application/json': { schema: CallDecided } } },
};
const refusals = ['VALIDATION_FAILED', 'NOT_FOUND', 'RUNTIME_UNAVAILABLE', 'STORE_UNAVAILABLE'] as const;
const consents = ['LOCKDOWN', 'APPROVAL_LOCKED', 'AUDIT_UNAVAILABLE'] as const;

const operations = {
  ask: {
    operationId: 'askCallCode',
    summary: 'Send the owner a code that allows one call of a skill',
    requestParams: { path: CallPath },
    responses: {
      202: { description: 'The code is on its way', content: { 'application/json': { schema: CodeTicket } } },
      ...problems(...refusals, ...consents, 'APPROVAL_UNDELIVERED'),
    },
  },
  approve: {
    operationId: 'approveCall',
    summary: 'Allow a call that waits, with a code of the owner',
    requestParams: { path: CallPath },
    requestBody: { required: true, content: { 'application/json': { schema: CallConsent } } },
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
    operationId: 'refuseCall',
    summary: 'Refuse a call that waits; the message goes on without it',
    requestParams: { path: CallPath },
    responses: { ...decided, ...problems(...refusals) },
  },
} satisfies Record<string, Route['operation']>;

type Deps = Pick<ApiDeps, 'awaitedCalls' | 'runtime' | 'lockdown' | 'approvals' | 'audit' | 'config' | 'now'>;

/** What the owner says to calls of skills that wait in a message. */
export function chatCallRoutes(deps: Deps): Route[] {
  const consent = createConsent(deps);
  return [
    {
      method: 'post',
      path: '/chat/:id/calls/:call/tts-request',
      operation: operations.ask,
      async handle(request, response) {
        const call = await awaitedIn(deps, request);
        await refuseWhenLocked(deps.lockdown);
        response.status(202).json(tellTicket(await consent.ask(consentTo(call), actorOf(request, deps))));
      },
    },
    {
      method: 'post',
      path: '/chat/:id/calls/:call/approve',
      operation: operations.approve,
      async handle(request, response) {
        const { tts_code: code } = parseInput(CallConsent, await readJsonBody(request, response), 'body');
        const awaited = await awaitedIn(deps, request);
        await refuseWhenLocked(deps.lockdown);
        const by = actorOf(request, deps);
        const approval = await consent.take({ ...consentTo(awaited), code }, by);
        await decide(deps, awaited, { by, isAllowed: true, approval });
        response.json({ id: awaited.message, call: awaited.call, decision: 'allowed' });
      },
    },
    {
      method: 'post',
      path: '/chat/:id/calls/:call/refuse',
      operation: operations.refuse,
      async handle(request, response) {
        const awaited = await awaitedIn(deps, request);
        await decide(deps, awaited, { by: actorOf(request, deps), isAllowed: false });
        response.json({ id: awaited.message, call: awaited.call, decision: 'refused' });
      },
    },
  ];
}

/** What a code for a call consents to: this run of this version on this input. */
function consentTo({ run, binding }: AwaitedCall): ApprovalRequest {
  return { action: 'skill-run', subject: run, binding };
}

async function awaitedIn({ awaitedCalls }: Deps, request: Request): Promise<AwaitedCall> {
  const { id, call } = parseInput(CallPath, request.params, 'path');
  const found = (await awaitedCalls.list()).find((one) => one.message === id && one.call === call);
  if (found !== undefined) return found;
  throw new TalosError('NOT_FOUND', `Call ${call} of message ${id} does not wait; see: talos approvals ls`);
}

type Decision = { readonly by: string } & (
  | { readonly isAllowed: true; readonly approval: string }
  | { readonly isAllowed: false }
);

async function decide({ runtime, awaitedCalls }: Deps, awaited: AwaitedCall, decision: Decision): Promise<void> {
  const { message, call } = awaited;
  const isHeard = await runtime.decideCall(parseMessageId(message), { call, ...decision });
  if (isHeard) return;
  await awaitedCalls.remove(awaited);
  throw new TalosError('NOT_FOUND', `Message ${message} has ended; nothing of it waits any more.`);
}
