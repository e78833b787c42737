import type { Request } from 'express';
import { z } from 'zod';

import { refuseWhenLocked } from '../../domain/lockdown/refuse.ts';
import { askedNightId } from '../../domain/night/night-id.ts';
import { NightRunId, NightView } from '../../domain/night/run.ts';
import { NightList } from '../../domain/night/view.ts';
import { MessageKey } from '../../domain/chat.ts';
import { createNights, type Nights } from '../dream-cycles.ts';
import type { ApiDeps } from '../deps.ts';
import { streamNight } from '../night-events.ts';
import { parseInput } from '../problem.ts';
import { problems, type Route } from '../route.ts';

const NightPath = z.object({ id: NightRunId });
const view = { content: { 'application/json': { schema: NightView } } };
const unreachable = ['STORE_UNAVAILABLE', 'RUNTIME_UNAVAILABLE'] as const;

const operations = {
  start: {
    operationId: 'startDreamCycle',
    summary: 'Begin the nightly maintenance now',
    description: 'The same Idempotency-Key is the same run. While another one goes on it comes to be skipped.',
    requestParams: { header: z.object({ 'Idempotency-Key': MessageKey.optional() }) },
    responses: {
      202: { description: 'It begins; Location tells where it stands', ...view },
      ...problems('VALIDATION_FAILED', 'LOCKDOWN', ...unreachable),
    },
  },
  list: {
    operationId: 'listDreamCycles',
    summary: 'When the nightly maintenance is due, and what came of the last times',
    responses: {
      200: { description: 'Newest first', content: { 'application/json': { schema: NightList } } },
      ...problems(...unreachable, 'STORE_FULL', 'AUDIT_UNAVAILABLE'),
    },
  },
  show: {
    operationId: 'getDreamCycle',
    summary: 'One run with its phases',
    requestParams: { path: NightPath },
    responses: {
      200: { description: 'The run', ...view },
      ...problems('VALIDATION_FAILED', 'NOT_FOUND', ...unreachable),
    },
  },
  events: {
    operationId: 'followDreamCycle',
    summary: 'A run as server-sent events',
    description:
      'Each event `night` is the whole run as it is then; the last one has ended. Nothing has to be resumed: whoever connects again gets the run as it is.',
    requestParams: { path: NightPath },
    responses: {
      200: {
        description: 'The data of every event is a NightView',
        content: { 'text/event-stream': { schema: NightView } },
      },
      ...problems('VALIDATION_FAILED', 'NOT_FOUND', ...unreachable),
    },
  },
  cancel: {
    operationId: 'cancelDreamCycle',
    summary: 'Ask a run to end; it records what it did',
    requestParams: { path: NightPath },
    responses: {
      202: { description: 'It was asked to end, or has ended', ...view },
      ...problems('VALIDATION_FAILED', 'NOT_FOUND', ...unreachable),
    },
  },
} satisfies Record<string, Route['operation']>;

const path = '/admin/dream-cycle';

/** The nightly maintenance: begin it, look at it, follow it, end it. */
export function nightRoutes(deps: ApiDeps): Route[] {
  const nights = createNights(deps);
  return [...manyRoutes(deps, nights), ...oneRoutes(deps, nights)];
}

function manyRoutes(deps: ApiDeps, nights: Nights): Route[] {
  return [
    {
      method: 'post',
      path,
      operation: operations.start,
      async handle(request, response) {
        const given = parseInput(MessageKey.optional(), request.get('idempotency-key'), 'Idempotency-Key');
        const id = parseInput(NightRunId, askedNightId(given ?? deps.newKey()), 'Idempotency-Key');
        await refuseWhenLocked(deps.lockdown);
        const begun = await nights.start(id);
        response.status(202).set('Location', `${path}/${id}`).json(begun);
      },
    },
    {
      method: 'get',
      path,
      operation: operations.list,
      async handle(_request, response) {
        response.json(await nights.list());
      },
    },
  ];
}

function oneRoutes(deps: ApiDeps, nights: Nights): Route[] {
  const one = `${path}/:id`;
  return [
    {
      method: 'get',
      path: one,
      operation: operations.show,
      async handle(request, response) {
        response.json(await nights.view(idIn(request)));
      },
    },
    {
      method: 'get',
      path: `${one}/events`,
      operation: operations.events,
      async handle(request, response) {
        await streamNight(deps, { request, response, first: await nights.view(idIn(request)) });
      },
    },
    {
      method: 'delete',
      path: one,
      operation: operations.cancel,
      async handle(request, response) {
        const id = idIn(request);
        const known = await nights.view(id);
        await deps.nightRuntime.cancel(id);
        response.status(202).json(known);
      },
    },
  ];
}

function idIn(request: Request): NightRunId {
  return parseInput(NightPath, request.params, 'path').id;
}
