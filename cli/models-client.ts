import { createParser } from 'eventsource-parser';
import { z } from 'zod';

import { ModelPull } from '../domain/models/pull.ts';
import { ModelList, ModelView } from '../domain/models/view.ts';
import { connectionError, createApiSocket, pathPart } from './api-socket.ts';

/** The part of the API about models, behind a socket path. */
export function createModelsClient(socketPath: string) {
  const api = createApiSocket(socketPath);
  const pullPath = (model: string) => `/models/pulls/${pathPart(model)}`;
  return {
    list: (signal?: AbortSignal): Promise<ModelList> =>
      api.json({ method: 'GET', path: '/models', ...(signal && { signal }) }, ModelList),
    pull: (model: string): Promise<ModelPull> =>
      api.json({ method: 'POST', path: '/models', body: { model } }, ModelPull),
    stop: (model: string): Promise<ModelPull> => api.json({ method: 'DELETE', path: pullPath(model) }, ModelPull),
    use: (model: string, use: string): Promise<ModelView> =>
      api.json({ method: 'PUT', path: '/models/use', body: { model, use } }, ModelView),

    async remove(model: string): Promise<void> {
      const response = await api.call({ method: 'DELETE', path: `/models/${pathPart(model)}` });
      response.resume();
    },

    /** The pull as it is and whenever it has changed. Ends early when the connection does. */
    async *follow(model: string, signal: AbortSignal): AsyncGenerator<ModelPull> {
      const response = await api.call({ method: 'GET', path: `${pullPath(model)}/events`, signal });
      const heard: ModelPull[] = [];
      const parser = createParser({ onEvent: ({ data }) => heard.push(readPull(data)) });
      response.setEncoding('utf8');
      try {
        for await (const text of response) {
          parser.feed(String(text));
          yield* heard.splice(0);
        }
      } catch (error) {
        throw connectionError(error);
      } finally {
        response.destroy();
      }
    },
  };
}

export type ModelsClient = ReturnType<typeof createModelsClient>;

function readPull(data: string): ModelPull {
  return z.preprocess((text: string) => JSON.parse(text), ModelPull).parse(data);
}
