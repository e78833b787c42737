import type { IncomingMessage } from 'node:http';

import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import helmet from 'helmet';

import { TalosError, toTalosError } from '../domain/errors.ts';
import { requireSignIn } from './auth.ts';
import { callerOf } from './caller.ts';
import { clientAddress } from './client-address.ts';
import type { ApiDeps } from './deps.ts';
import { createFailedSignIns } from './failed-sign-ins.ts';
import { descriptionRoutes } from './openapi.ts';
import { createOriginCheck } from './origin.ts';
import { sendProblem } from './problem.ts';
import { createRateLimit } from './rate-limit.ts';
import { mount, type Route } from './route.ts';
import { approvalRoutes } from './routes/approvals.ts';
import { chatCallRoutes } from './routes/chat-calls.ts';
import { chatCloudRoutes } from './routes/chat-cloud.ts';
import { chatRoutes } from './routes/chat.ts';
import { conversationRoutes } from './routes/conversations.ts';
import { healthRoutes } from './routes/health.ts';
import { imageRoutes } from './routes/images.ts';
import { logRoutes } from './routes/logs.ts';
import { metricsRoutes } from './routes/metrics.ts';
import { modelRoutes } from './routes/models.ts';
import { panicRoutes } from './routes/panic.ts';
import { nightRoutes } from './routes/dream-cycle.ts';
import { decisionRoutes } from './routes/skill-decisions.ts';
import { reportRoutes } from './routes/reports.ts';
import { skillEvalRoutes } from './routes/skill-eval.ts';
import { skillRunRoutes } from './routes/skill-runs.ts';
import { skillDraftRoutes } from './routes/skill-drafts.ts';
import { scheduleRoutes } from './routes/skill-schedules.ts';
import { skillRoutes } from './routes/skills.ts';
import { unlockRoutes } from './routes/unlock.ts';
import { createSignIn } from './sign-in.ts';
import { createTraffic, type Traffic } from './traffic.ts';

/** The Express app. `close` writes down what it still holds, once the server takes nothing more. */
export type ApiApp = Express & { close(): Promise<void> };

/** All routes: `open` ones need no sign-in. */
export function createRoutes(deps: ApiDeps, traffic: Traffic): { open: Route[]; closed: Route[] } {
  const open = healthRoutes(deps);
  const closed = [
    ...metricsRoutes(deps, traffic),
    ...chatRoutes(deps, traffic),
    ...chatCallRoutes(deps),
    ...chatCloudRoutes(deps),
    ...conversationRoutes(deps),
    ...imageRoutes(deps),
    ...panicRoutes(deps),
    ...unlockRoutes(deps),
    ...approvalRoutes(deps),
    ...skillDraftRoutes(deps),
    ...skillRoutes(deps),
    ...decisionRoutes(deps),
    ...skillRunRoutes(deps),
    ...skillEvalRoutes(deps),
    ...scheduleRoutes(deps),
    ...nightRoutes(deps),
    ...modelRoutes(deps),
    ...reportRoutes(deps),
    ...logRoutes(deps),
  ];
  return { open, closed: [...closed, ...descriptionRoutes([...open, ...closed])] };
}

/** The whole API over the given ports. */
export function createApp(deps: ApiDeps): ApiApp {
  const app = express();
  const traffic = createTraffic();
  const failures = createFailedSignIns(deps);
  const { open, closed } = createRoutes(deps, traffic);
  app.disable('x-powered-by');
  app.disable('etag');
  app.use(observe(deps, traffic), secureHeaders(), createOriginCheck(deps.config.web), limitRequests(deps.config.web));
  mount(app, open);
  app.use(requireSignIn(createSignIn(deps, failures)));
  mount(app, closed);
  app.use(() => {
    throw new TalosError('NOT_FOUND', 'There is nothing at this path; GET /openapi.json lists what there is.');
  });
  app.use(answerError(deps));
  return Object.assign(app, { close: () => failures.close() });
}

/** Gives the request its id, and counts and logs it once it is answered. */
function observe({ logger, newKey }: ApiDeps, traffic: Traffic): RequestHandler {
  return (request, response, next) => {
    const startedAt = performance.now();
    response.setHeader('X-Correlation-Id', newKey());
    response.once('finish', () => {
      const seconds = (performance.now() - startedAt) / 1000;
      const served = { method: request.method, route: routeOf(request), status: response.statusCode };
      traffic.countRequest(served, seconds);
      const correlationId = response.getHeader('X-Correlation-Id');
      logger.debug({ ...served, durationMs: Math.round(seconds * 1000), correlationId }, 'request');
    });
    next();
  };
}

/** The pattern, so that no caller can make up labels without end. */
function routeOf(request: { route?: unknown }): string {
  const { route } = request;
  const isRoute = typeof route === 'object' && route !== null && 'path' in route;
  return isRoute && typeof route.path === 'string' ? route.path : 'none';
}

/** The API serves no page, so nothing it sends may load, run or be framed. TLS, where there is any, ends before Talos. */
function secureHeaders(): RequestHandler {
  const nothing = ["'none'"];
  const protect = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: nothing, frameAncestors: nothing, baseUri: nothing, formAction: nothing },
    },
    strictTransportSecurity: false,
  });
  return (request, response, next) => {
    response.setHeader('Cache-Control', 'no-store');
    protect(request, response, next);
  };
}

/** Limits each address. Health has a count of its own, so that a monitor does not use up a person's; a panic is never refused. */
function limitRequests({ rateMax, rateWindowSeconds }: ApiDeps['config']['web']): RequestHandler {
  const limit = createRateLimit({ most: rateMax, windowSeconds: rateWindowSeconds, what: 'requests' });
  return async (request, _response, next) => {
    const isPanic = request.method === 'POST' && request.path === '/panic';
    if (!callerOf(request).isOwner && !isPanic) await limit.take(countedAs(request));
    next();
  };
}

function countedAs(request: IncomingMessage & { path: string }): string {
  const address = clientAddress(request);
  return request.path === '/health' ? `${address} health` : address;
}

/** Tells every failure as a problem. What is our own fault is logged with its cause; the client learns only the id. */
function answerError({ logger }: ApiDeps): ErrorRequestHandler {
  // oxlint-disable-next-line max-params -- Express knows an error handler by its four parameters
  return (thrown: unknown, request, response, _next) => {
    const error = toTalosError(isBadAddress(thrown) ? badAddress() : thrown);
    const correlationId = response.getHeader('X-Correlation-Id');
    const facts = { correlationId, code: error.code, route: routeOf(request) };
    if (error.code === 'INTERNAL') logger.error({ ...facts, err: error }, 'request failed');
    else if (error.retryable) logger.warn({ ...facts, err: error }, 'request not served');
    if (response.headersSent) response.destroy();
    else sendProblem(response, error, request.path);
  };
}

/** Express fails this way on a path it cannot decode. */
function isBadAddress(thrown: unknown): boolean {
  return thrown instanceof URIError;
}

function badAddress(): TalosError {
  return new TalosError('VALIDATION_FAILED', 'The path has a "%" that does not belong to a character.', {
    details: { field: 'path' },
  });
}
