import { z } from 'zod';

import { DeliveredCode, OpenApproval } from '../../domain/approval/code.ts';
import { TalosError } from '../../domain/errors.ts';
import { callerOf } from '../caller.ts';
import type { ApiDeps } from '../deps.ts';
import { problems, type Route } from '../route.ts';

const OpenApprovals = z.strictObject({ approvals: z.array(OpenApproval) }).meta({ id: 'OpenApprovals' });

const WaitingCodes = z.strictObject({ codes: z.array(DeliveredCode) }).meta({ id: 'WaitingCodes' });

/** `GET /approvals` and, over the owner's socket alone, `GET /codes`. */
export function approvalRoutes({ approvals, codeBox }: Pick<ApiDeps, 'approvals' | 'codeBox'>): Route[] {
  return [
    {
      method: 'get',
      path: '/approvals',
      operation: {
        operationId: 'listApprovals',
        summary: 'What waits for a code of the owner; the codes themselves travel another way',
        responses: {
          200: { description: 'Oldest first', content: { 'application/json': { schema: OpenApprovals } } },
          ...problems('STORE_UNAVAILABLE'),
        },
      },
      async handle(_request, response) {
        response.json({ approvals: await approvals.open() });
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
