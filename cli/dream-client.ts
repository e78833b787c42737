import { createParser } from 'eventsource-parser';
import { z } from 'zod';

import { type NightRunId, NightView } from '../domain/night/run.ts';
import { NightList } from '../domain/night/view.ts';
import { type ApiSocket, connectionError, createApiSocket } from './api-socket.ts';

const path = '/admin/dream-cycle';

/** The part of the API about the nightly maintenance, behind a socket path. */
export function createDreamClient(socketPath: string) {
  const api = createApiSocket(socketPath);
  return {
    list: (): Promise<NightList> => api.json({ method: 'GET', path }, NightList),
    start: (): Promise<NightView> => api.json({ method: 'POST', path }, NightView),
    show: (id: NightRunId): Promise<NightView> => api.json({ method: 'GET', path: `${path}/${id}` }, NightView),

    /** The run as it is, and whenever it changes; ends early when the connection breaks. */
    events: (id: NightRunId, signal: AbortSignal): AsyncIterable<NightView> => events(api, id, signal),
  };
}

export type DreamClient = ReturnType<typeof createDreamClient>;

async function* events(api: ApiSocket, id: NightRunId, signal: AbortSignal): AsyncGenerator<NightView> {
  const headers = { accept: 'text/event-stream' };
  const response = await api.call({ method: 'GET', path: `${path}/${id}/events`, headers, signal });
  const nights: NightView[] = [];
  const parser = createParser({
    onEvent({ data }) {
      const night = Json.pipe(NightView).safeParse(data);
      if (night.success) nights.push(night.data);
    },
  });
  response.setEncoding('utf8');
  try {
    for await (const text of response) {
      parser.feed(String(text));
      yield* nights.splice(0);
    }
  } catch (error) {
    throw connectionError(error);
  } finally {
    response.destroy();
  }
}

const Json = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue({ code: 'custom', message: 'no event of ours' });
    return z.NEVER;
  }
});
