import { z } from 'zod';

import { DeliveredCode, OpenApproval } from '../../domain/approval/code.ts';
import { TalosError } from '../../domain/errors.ts';
import { AwaitedCloud } from '../../domain/routing/departure.ts';
import { AwaitedCall } from '../../domain/skills/steps.ts';
import { callerOf } from '../caller.ts';
import type { ApiDeps } from '../deps.ts';
import { problems, type Route } from '../route.ts';

const OpenApprovals = z
  .strictObject({
    approvals: z.array(OpenApproval).meta({ description: 'Codes that were asked for and still count' }),
    calls: z.array(AwaitedCall).meta({ description: 'Calls of skills that wait' }),
    clouds: z.array(AwaitedCloud).meta({ description: 'Messages that wait for leave to go to a cloud' }),
  })
  .meta({ id: 'OpenApprovals' });

const WaitingCodes = z.strictObject({ codes: z.array(DeliveredCode) }).meta({ id: 'WaitingCodes' });

type Deps = Pick<ApiDeps, 'approvals' | 'codeBox' | 'awaitedCalls' | 'awaitedClouds'>;

/** `GET /approvals` and, over the owner's socket alone, `GET /codes`. */
export function approvalRoutes({ approvals, codeBox, awaitedCalls, awaitedClouds }: Deps): Route[] {
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
        const [open, calls, clouds] = await Promise.all([approvals.open(), awaitedCalls.list(), awaitedClouds.list()]);
        response.json({ approvals: open, calls, clouds });
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
