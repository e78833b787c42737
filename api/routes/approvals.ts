import { z } from 'zod';

import { DeliveredCode, OpenApproval } from '../../domain/approval/code.ts';
import { TalosError } from '../../domain/errors.ts';
import { AwaitedCall } from '../../domain/skills/steps.ts';
import { callerOf } from '../caller.ts';
import type { ApiDeps } from '../deps.ts';
import { problems, type Route } from '../route.ts';

const OpenApprovals = z
  .strictObject({
    approvals: z.array(OpenApproval).meta({ description: 'Codes that were asked for and still count' }),
    calls: z.array(AwaitedCall).meta({ description: 'Calls of skills that wait' }),
  })
  .meta({ id: 'OpenApprovals' });

const WaitingCodes = z.strictObject({ codes: z.array(DeliveredCode) }).meta({ id: 'WaitingCodes' });

type Deps = Pick<ApiDeps, 'approvals' | 'codeBox' | 'awaitedCalls'>;

/** `GET /approvals` and, over the owner's socket alone, `GET /codes`. */
export function approvalRoutes({ approvals, codeBox, awaitedCalls }: Deps): Route[] {
  return [
    {
      method: 'get',
      path: '/approvals',
      operation: {
        operationId: 'listApprovals',
        summary: 'What waits for the owner; the codes themselves travel another way',
        responses: {
          200: { description: 'Oldest first', content: { 'application/json': { schema: OpenApprovals } } },
          ...problems('STORE_UNAVAILABLE'),
        },
      },
      async handle(_request, response) {
        const [open, calls] = await Promise.all([approvals.open(), awaitedCalls.list()]);
        response.json({ approvals: open, calls });
      },
    },
    {
      method: 'get',
      path: '/codes',
      operation: {
        operationId: 'listCodes',
        summary: 'The codes that wait for the owner; only over the Unix socket of the host',
        responses: {
          200: { description: 'Oldest first', content: { 'application/json': { schema: WaitingCodes } } },
          ...problems('NOT_FOUND', 'STORE_UNAVAILABLE'),
        },
      },
      async handle(request, response) {
        if (!callerOf(request).isOwner) {
          throw new TalosError('NOT_FOUND', 'Codes are read on the host alone, with: talos codes');
        }
        const open = new Set((await approvals.open()).map(({ id }) => id));
        response.json({ codes: codeBox.codes().filter(({ id }) => open.has(id)) });
      },
    },
  ];
}
