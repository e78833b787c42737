import type { Request, Response } from 'express';
import { z } from 'zod';

import type { ApprovalRequest, ApprovalTicket } from '../../domain/approval/code.ts';
import { TalosError, toTalosError } from '../../domain/errors.ts';
import { formatLockdown, type Lockdown } from '../../domain/lockdown/record.ts';
import { within } from '../abort-when.ts';
import { callerOf } from '../caller.ts';
import { actorOf, createConsent } from '../consent.ts';
import type { ApiDeps } from '../deps.ts';
import { parseInput } from '../problem.ts';
import { readJsonBody } from '../read-body.ts';
import { problems, type Route } from '../route.ts';

const UnlockRequest = z
  .strictObject({ code: z.string().meta({ description: 'The code the owner was sent', example: '0123' }) })
  .meta({ id: 'UnlockRequest' });

const UnlockReply = z.strictObject({ locked: z.literal(false) }).meta({ id: 'UnlockReply' });

/** What the asker of a code learns. */
export const CodeTicket = z
  .strictObject({
    id: z.string(),
    expiresAt: z.int().meta({ description: 'Milliseconds since 1970' }),
    how: z.string().meta({ description: 'Where the owner finds the code' }),
  })
  .meta({ id: 'CodeTicket' });

/** The answer to whoever asked for a code. */
export function tellTicket(ticket: ApprovalTicket): z.infer<typeof CodeTicket> {
  return { ...ticket, how: 'The owner reads the code on the host: talos codes' };
}

/** Ending the workflow is best effort: it is evidence, not the lock. */
const endMs = 4000;

type Deps = Pick<ApiDeps, 'lockdown' | 'audit' | 'runtime' | 'logger' | 'config' | 'now' | 'approvals' | 'hashText'>;

/** `POST /panic/unlock/code` and `POST /panic/unlock`. */
export function unlockRoutes(deps: Deps): Route[] {
  const consent = createConsent(deps);
  return [
    {
      method: 'post',
      path: '/panic/unlock/code',
      operation: {
        operationId: 'askUnlockCode',
        summary: 'Send the owner a code that lifts this lockdown',
        responses: {
          202: { description: 'The code is on its way', content: { 'application/json': { schema: CodeTicket } } },
          ...problems('NOT_FOUND', 'APPROVAL_LOCKED', 'APPROVAL_UNDELIVERED', 'STORE_UNAVAILABLE', 'AUDIT_UNAVAILABLE'),
        },
      },
      async handle(request, response) {
        const state = await deps.lockdown.state();
        if (!state.locked) throw new TalosError('NOT_FOUND', 'Talos is not locked down; there is nothing to lift.');
        response.status(202).json(tellTicket(await consent.ask(unlockOf(state, deps), actorOf(request, deps))));
      },
    },
    {
      method: 'post',
      path: '/panic/unlock',
      operation: {
        operationId: 'unlock',
        summary: 'Lift the lockdown with a code of the owner',
        description: 'The code counts for the lockdown it was asked for and for no later one. The owner needs none.',
        requestBody: { required: false, content: { 'application/json': { schema: UnlockRequest } } },
        responses: {
          200: { description: 'Talos is not locked down', content: { 'application/json': { schema: UnlockReply } } },
          ...problems(
            'VALIDATION_FAILED',
            'BODY_NOT_JSON',
            'BODY_TOO_LARGE',
            'UNSUPPORTED_MEDIA_TYPE',
            'APPROVAL_REFUSED',
            'APPROVAL_LOCKED',
            'STORE_UNAVAILABLE',
            'AUDIT_UNAVAILABLE',
          ),
        },
      },
      async handle(request, response) {
        const state = await deps.lockdown.state();
        if (state.locked) {
          const approval = await readConsent({ request, response, deps }, (code, by) =>
            consent.take({ ...unlockOf(state, deps), code }, by),
          );
          await lift(deps, { by: actorOf(request, deps), ...approval });
        }
        response.json({ locked: false });
      },
    },
  ];
}

type Exchange = { readonly request: Request; readonly response: Response; readonly deps: Deps };

/** What stands for the owner's consent: the socket only the owner opens, or a code. */
async function readConsent(
  { request, response, deps }: Exchange,
  take: (code: string, by: string) => Promise<string>,
): Promise<{ approval?: string }> {
  if (callerOf(request).isOwner) return {};
  const { code } = parseInput(UnlockRequest, await readJsonBody(request, response), 'body');
  return { approval: await take(code, actorOf(request, deps)) };
}

/** The hash is of this lockdown: when it began, by whom and why. */
function unlockOf(lockdown: Lockdown, { hashText }: Deps): ApprovalRequest {
  return { action: 'lockdown-unlock', subject: 'lockdown', binding: hashText(formatLockdown(lockdown)) };
}

async function lift(deps: Deps, { by, approval }: { by: string; approval?: string }): Promise<void> {
  const details = { via: 'api', ...(approval !== undefined && { approval }) };
  await deps.audit.append({ type: 'lockdown-lifted', actor: by, details });
  await deps.lockdown.unlock();
  try {
    await within(endMs, () => deps.runtime.endLockdown(by));
  } catch (thrown) {
    deps.logger.error({ code: toTalosError(thrown).code }, 'the lockdown workflow was not ended');
  }
}
