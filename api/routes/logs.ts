import { WebSocketServer } from 'ws';
import { z } from 'zod';

import { TalosError } from '../../domain/errors.ts';
import { LogLevel, LogLine } from '../../domain/log.ts';
import { callerOf } from '../caller.ts';
import type { ApiDeps } from '../deps.ts';
import { sendLogs } from '../log-socket.ts';
import { wholeNumber } from '../page.ts';
import { parseInput } from '../problem.ts';
import { problems, type Route } from '../route.ts';

const LogQuery = z
  .strictObject({
    level: LogLevel.default('trace').meta({ description: 'Least severe line wanted' }),
    component: z.string().max(64).optional().meta({ description: 'Only lines of this component', example: 'api' }),
    backfill: wholeNumber({ min: 0, max: 1000, preset: 50 }).meta({
      description: 'How many lines from before come first',
    }),
  })
  .meta({ id: 'LogQuery' });

const operation: Route['operation'] = {
  operationId: 'followLogs',
  summary: 'The log as it is written, over a WebSocket; one line per text frame',
  requestParams: { query: LogQuery },
  responses: {
    101: { description: 'Every frame is a LogLine', content: { 'application/json': { schema: LogLine } } },
    ...problems('VALIDATION_FAILED'),
  },
};

/** `GET /ws/logs`, to be upgraded to a WebSocket. */
export function logRoutes({ logs }: Pick<ApiDeps, 'logs'>): Route[] {
  // Clients only listen, so what they send is kept small.
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 1024, perMessageDeflate: false });
  return [
    {
      method: 'get',
      path: '/ws/logs',
      operation,
      handle(request, response) {
        const { backfill, ...wanted } = parseInput(LogQuery, request.query, 'query');
        const { upgrade, closing } = callerOf(request);
        if (upgrade === undefined) {
          throw noUpgrade('Connect with a WebSocket to follow the log.');
        }
        const refusals: string[] = [];
        const keep = (refusal: Error): void => void refusals.push(refusal.message);
        sockets.once('wsClientError', keep);
        response.detachSocket(request.socket);
        sockets.handleUpgrade(request, upgrade.socket, upgrade.head, (socket) => {
          void sendLogs(socket, logs, { follow: { backfill, accepts: acceptsLine(wanted) }, closing });
        });
        sockets.off('wsClientError', keep);
        const [refusal] = refusals;
        if (refusal === undefined) return;
        response.assignSocket(request.socket); // without a WebSocket it is answered like any request
        throw noUpgrade(`This is no upgrade to a WebSocket: ${refusal}.`);
      },
    },
  ];
}

function noUpgrade(message: string): TalosError {
  return new TalosError('VALIDATION_FAILED', message, { details: { field: 'Upgrade' } });
}

function acceptsLine({ level, component }: { level: LogLevel; component?: string | undefined }) {
  const lowest = LogLevel.options.indexOf(level);
  return (line: LogLine): boolean =>
    LogLevel.options.indexOf(line.level) >= lowest && (component === undefined || line.component === component);
}
