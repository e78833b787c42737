import type { Request } from 'express';
import { z } from 'zod';

import type { ApprovalRequest } from '../domain/approval/code.ts';
import { refuseWhenLocked } from '../domain/lockdown/refuse.ts';
import { actorOf, createConsent } from './consent.ts';
import type { ApiDeps } from './deps.ts';
import { parseInput } from './problem.ts';
import { readJsonBody } from './read-body.ts';
import { problems, type Route } from './route.ts';
import { CodeTicket, tellTicket } from './routes/unlock.ts';

/** What the owner says. `approval` is the id of the code that was redeemed, never the code. */
export type Decision = { readonly by: string } & (
  | { readonly isAllowed: true; readonly approval: string }
  | { readonly isAllowed: false }
);

/** Something that waits for the owner in a message. */
type Awaiting<T> = {
  /** Where it is found, such as `/chat/:id/cloud`. */
  readonly path: string;
  readonly params: z.ZodObject;
  /** Its name in operation ids, such as `Cloud`. */
  readonly name: string;
  readonly summaries: { readonly ask: string; readonly approve: string; readonly refuse: string };
  /** What names it in an answer. */
  readonly names: z.ZodRawShape;
  readonly nameOf: (awaited: T) => object;
  /** Fails with NOT_FOUND when it does not wait. */
  readonly find: (request: Request) => Promise<T>;
  /** What a code for it consents to. */
  readonly consentTo: (awaited: T) => ApprovalRequest;
  /** Fails with NOT_FOUND when its message has ended. */
  readonly decide: (awaited: T, decision: Decision) => Promise<void>;
};

type Deps = Pick<ApiDeps, 'lockdown' | 'approvals' | 'audit' | 'config' | 'now'>;

const CallConsent = z
  .strictObject({ tts_code: z.string().meta({ description: 'The code the owner was sent', example: '0123' }) })
  .meta({ id: 'CallConsent' });

const refusals = ['VALIDATION_FAILED', 'NOT_FOUND', 'RUNTIME_UNAVAILABLE', 'STORE_UNAVAILABLE'] as const;
const consents = ['LOCKDOWN', 'APPROVAL_LOCKED', 'AUDIT_UNAVAILABLE'] as const;
const badBodies = ['BODY_NOT_JSON', 'BODY_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'] as const;

/** The three routes by which the owner decides on what waits: send me a code, allow it with the code, refuse it. */
export function consentRoutes<T>(deps: Deps, awaiting: Awaiting<T>): Route[] {
  const { path, find, consentTo, decide, nameOf } = awaiting;
  const consent = createConsent(deps);
  const operations = operationsOf(awaiting);
  return [
    {
      method: 'post',
      path: `${path}/tts-request`,
      operation: operations.ask,
      async handle(request, response) {
        const awaited = await find(request);
        await refuseWhenLocked(deps.lockdown);
        response.status(202).json(tellTicket(await consent.ask(consentTo(awaited), actorOf(request, deps))));
      },
    },
    {
      method: 'post',
      path: `${path}/approve`,
      operation: operations.approve,
      async handle(request, response) {
        const { tts_code: code } = parseInput(CallConsent, await readJsonBody(request, response), 'body');
        const awaited = await find(request);
        await refuseWhenLocked(deps.lockdown);
        const by = actorOf(request, deps);
        const approval = await consent.take({ ...consentTo(awaited), code }, by);
        await decide(awaited, { by, isAllowed: true, approval });
        response.json({ ...nameOf(awaited), decision: 'allowed' });
      },
    },
    {
      method: 'post',
      path: `${path}/refuse`,
      operation: operations.refuse,
      async handle(request, response) {
        const awaited = await find(request);
        await decide(awaited, { by: actorOf(request, deps), isAllowed: false });
        response.json({ ...nameOf(awaited), decision: 'refused' });
      },
    },
  ];
}

function operationsOf<T>({ name, params, names, summaries }: Awaiting<T>) {
  const Decided = z.strictObject({ ...names, decision: z.enum(['allowed', 'refused']) }).meta({ id: `${name}Decided` });
  const decided = { 200: { description: 'The message goes on', content: { 'application/json': { schema: Decided } } } };
  const requestParams = { path: params };
  return {
    ask: {
      operationId: `ask${name}Code`,
      summary: summaries.ask,
      requestParams,
      responses: {
        202: { description: 'The code is on its way', content: { 'application/json': { schema: CodeTicket } } },
        ...problems(...refusals, ...consents, 'APPROVAL_UNDELIVERED'),
      },
    },
    approve: {
      operationId: `approve${name}`,
      summary: summaries.approve,
      requestParams,
      requestBody: { required: true, content: { 'application/json': { schema: CallConsent } } },
      responses: { ...decided, ...problems(...refusals, ...consents, 'APPROVAL_REFUSED', ...badBodies) },
    },
    refuse: {
      operationId: `refuse${name}`,
      summary: summaries.refuse,
      requestParams,
      responses: { ...decided, ...problems(...refusals) },
    },
  } satisfies Record<string, Route['operation']>;
}
