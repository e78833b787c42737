import type { Request, Response } from 'express';
import { z } from 'zod';

import { TalosError } from '../../domain/errors.ts';
import { reportText } from '../../domain/night/morning-report.ts';
import { ReportSummary, ReportView } from '../../domain/night/report.ts';
import { NightRunId } from '../../domain/night/run.ts';
import type { ApiDeps } from '../deps.ts';
import { parseInput } from '../problem.ts';
import { problems, type Route } from '../route.ts';

/** Body of `GET /reports`. */
export const ReportList = z.strictObject({ reports: z.array(ReportSummary) }).meta({ id: 'ReportList' });

const responses: Route['operation']['responses'] = {
  200: {
    description: 'The report; `sound` is false when it is not what this node has signed',
    content: {
      'application/json': { schema: ReportView },
      'text/plain': { schema: z.string().meta({ description: 'As people read it' }) },
    },
  },
  ...problems('VALIDATION_FAILED', 'NOT_FOUND', 'REPORTS_UNAVAILABLE'),
};

type Deps = Pick<ApiDeps, 'reports' | 'now'>;

/** `GET /reports/latest`, `GET /reports` and `GET /reports/{id}`. */
export function reportRoutes(deps: Deps): Route[] {
  const { reports } = deps;
  return [
    {
      method: 'get',
      path: '/reports/latest',
      operation: {
        operationId: 'getLatestReport',
        summary: 'The morning report: what the last night did and found; as text with Accept: text/plain',
        responses,
      },
      async handle(request, response) {
        const view = await reports.latest();
        if (view === undefined) throw new TalosError('NOT_FOUND', 'There is no report yet; the next night writes one.');
        answer(view, { request, response, now: deps.now() });
      },
    },
    {
      method: 'get',
      path: '/reports',
      operation: {
        operationId: 'listReports',
        summary: 'Reports of the night, the newest first',
        responses: {
          200: { description: 'All that are kept', content: { 'application/json': { schema: ReportList } } },
          ...problems('REPORTS_UNAVAILABLE'),
        },
      },
      async handle(_request, response) {
        response.json({ reports: await reports.list() });
      },
    },
    {
      method: 'get',
      path: '/reports/:id',
      operation: {
        operationId: 'getReport',
        summary: 'The report of one dream cycle; as text with Accept: text/plain',
        requestParams: { path: z.object({ id: NightRunId }) },
        responses,
      },
      async handle(request, response) {
        const id = parseInput(NightRunId, request.params['id'], 'id');
        const view = await reports.get(id);
        if (view === undefined) throw new TalosError('NOT_FOUND', `There is no report of ${id}.`);
        answer(view, { request, response, now: deps.now() });
      },
    },
  ];
}

type Exchange = { readonly request: Request; readonly response: Response; readonly now: number };

function answer(view: ReportView, { request, response, now }: Exchange): void {
  if (request.accepts(['application/json', 'text/plain']) === 'text/plain') {
    response.type('text/plain').send(`${reportText(view, { now }).join('\n')}\n`);
  } else response.json(view);
}
