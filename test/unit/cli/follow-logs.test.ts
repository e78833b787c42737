import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';

import { followLogs } from '../../../cli/follow-logs.ts';
import type { LogLine } from '../../../domain/log.ts';
import { createHome, serveApi } from './commands/harness.ts';

let home: Awaited<ReturnType<typeof createHome>>;
let api: Awaited<ReturnType<typeof serveApi>>;
const stop = { now: new AbortController() };

const serve = () => serveApi(home.socket, (_request, response) => response.writeHead(404).end());

beforeEach(async () => {
  home = await createHome();
  api = await serve();
  stop.now = new AbortController();
});

afterEach(async () => {
  stop.now.abort();
  await api.close();
  await home.remove();
});

const lineOf = (message: string, time = Date.now()): LogLine => ({ time, level: 'info', component: 'api', message });

/** Follows with one line from before; `heard` and `breaks` grow as it goes. */
function follow() {
  const [heard, breaks]: [string[], string[]] = [[], []];
  const onBreak = () => void breaks.push('break');
  const following = { level: 'info', lines: 1, signal: stop.now.signal, onBreak, pauseMs: 1 } as const;
  const ended = (async () => {
    for await (const { message } of followLogs(home.socket, following)) heard.push(message);
  })();
  return { heard, breaks, ended };
}

/** The next connection, once it was sent these lines. */
async function connection(...lines: readonly LogLine[]): Promise<{ socket: WebSocket; url: string }> {
  const [socket, request] = (await once(api.logs, 'connection')) as [WebSocket, IncomingMessage];
  for (const line of lines) socket.send(JSON.stringify(line));
  return { socket, url: request.url ?? '' };
}

describe('a log that is followed', () => {
  it('goes on where it was after the connection broke, with what was written meanwhile and nothing twice', async () => {
    const old = [lineOf('before all', 1), lineOf('from before', 2)];
    const shown = lineOf('shown');
    const first = connection(...old.slice(1), shown);
    const { heard, breaks } = follow();
    const { socket } = await first;
    await expect.poll(() => heard).toEqual(['from before', 'shown']);
    const second = connection(...old, shown, lineOf('missed'), lineOf('live'));
    socket.terminate();
    expect((await second).url).toContain('backfill=1000');
    await expect.poll(() => heard).toEqual(['from before', 'shown', 'missed', 'live']);
    expect(breaks).toEqual(['break']);
  });

  it('that does not come back is a failure, told once', async () => {
    const first = connection(lineOf('shown'));
    const { heard, breaks, ended } = follow();
    await first;
    await expect.poll(() => heard).toEqual(['shown']);
    await Promise.all([api.close(), expect(ended).rejects.toMatchObject({ code: 'NOT_RUNNING' })]);
    expect(breaks).toEqual(['break']);
    api = await serve();
  });
});
