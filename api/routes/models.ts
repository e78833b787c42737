import { z } from 'zod';

import { ModelPull } from '../../domain/models/pull.ts';
import { modelUses } from '../../domain/models/store.ts';
import { ModelList, ModelView } from '../../domain/models/view.ts';
import { actorOf } from '../consent.ts';
import type { ApiDeps } from '../deps.ts';
import { createModelPulls, streamPull } from '../model-pulls.ts';
import { createModels } from '../models.ts';
import { parseInput } from '../problem.ts';
import { readJsonBody } from '../read-body.ts';
import { problems, type Route } from '../route.ts';

const Name = z.string().max(300).meta({
  description: 'Name of a model; in a path its slashes and colons are percent-encoded',
  example: 'qwen2.5-coder:7b',
});
const ModelPath = z.object({ model: Name });

const PullRequest = z.strictObject({ model: Name }).meta({ id: 'ModelPullRequest' });

const embedderStays =
  'must be chat or vision; the embedding model stays: memories belong to the one they were made with. To change it set EMBEDDING_MODEL and start Talos again';
const UseRequest = z
  .strictObject({
    model: Name,
    use: z.enum(modelUses, { error: embedderStays }).default('chat'),
  })
  .meta({ id: 'ModelUseRequest' });

const pullBody = { content: { 'application/json': { schema: ModelPull } } };
const badBody = ['VALIDATION_FAILED', 'BODY_NOT_JSON', 'BODY_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'] as const;
const away = ['STORE_UNAVAILABLE', 'RUNTIME_UNAVAILABLE', 'AUDIT_UNAVAILABLE', 'MODEL_UNAVAILABLE'] as const;

const operations = {
  list: {
    operationId: 'listModels',
    summary: 'Installed models and what they do, and pulls that go on',
    responses: {
      200: { description: 'By name', content: { 'application/json': { schema: ModelList } } },
      ...problems('MODEL_UNAVAILABLE', 'STORE_UNAVAILABLE', 'RUNTIME_UNAVAILABLE'),
    },
  },
  pull: {
    operationId: 'pullModel',
    summary: 'Pull a model from its registry in the background',
    description:
      'Two pulls of one model are one. It goes on after a restart of anything. The audit log has its host first.',
    requestBody: { required: true, content: { 'application/json': { schema: PullRequest } } },
    responses: {
      202: { description: 'It goes on; Location tells where to look', ...pullBody },
      ...problems(...badBody, 'LOCKDOWN', 'MODEL_REFUSED', 'STORE_FULL', ...away),
    },
  },
  use: {
    operationId: 'useModel',
    summary: 'Choose another installed model for chat or vision, from the next message on',
    description: 'The configured model again is no choice any more.',
    requestBody: { required: true, content: { 'application/json': { schema: UseRequest } } },
    responses: {
      200: { description: 'It is chosen', content: { 'application/json': { schema: ModelView } } },
      ...problems(...badBody, 'LOCKDOWN', 'MODEL_MISSING', 'MODEL_REFUSED', 'STORE_FULL', ...away),
    },
  },
  remove: {
    operationId: 'removeModel',
    summary: 'Remove a model from disk and memory',
    requestParams: { path: ModelPath },
    responses: {
      204: { description: 'It is removed' },
      ...problems('VALIDATION_FAILED', 'NOT_FOUND', 'LOCKDOWN', 'MODEL_IN_USE', 'MODEL_REFUSED', ...away),
    },
  },
  show: {
    operationId: 'getModelPull',
    summary: 'How far a pull is, or how it ended',
    requestParams: { path: ModelPath },
    responses: {
      200: { description: 'The pull, whatever its state', ...pullBody },
      ...problems('VALIDATION_FAILED', 'NOT_FOUND', 'STORE_UNAVAILABLE', 'RUNTIME_UNAVAILABLE'),
    },
  },
  follow: {
    operationId: 'followModelPull',
    summary: 'A pull as server-sent events: progress, at last done',
    requestParams: { path: ModelPath },
    responses: {
      200: {
        description: 'The data of every event is a ModelPull',
        content: { 'text/event-stream': { schema: ModelPull } },
      },
      ...problems('VALIDATION_FAILED', 'NOT_FOUND', 'STORE_UNAVAILABLE', 'RUNTIME_UNAVAILABLE'),
    },
  },
  stop: {
    operationId: 'stopModelPull',
    summary: 'Stop a pull; what has come of it is kept for the next one',
    requestParams: { path: ModelPath },
    responses: {
      202: { description: 'It is being stopped, or had ended', ...pullBody },
      ...problems('VALIDATION_FAILED', 'NOT_FOUND', 'STORE_UNAVAILABLE', 'RUNTIME_UNAVAILABLE'),
    },
  },
} satisfies Record<string, Route['operation']>;

/** Models: list, pull, follow a pull, stop it, choose, remove. */
export function modelRoutes(deps: ApiDeps): Route[] {
  return [...installedRoutes(deps), ...pullRoutes(deps)];
}

function installedRoutes(deps: ApiDeps): Route[] {
  const models = createModels(deps);
  const pulls = createModelPulls(deps);
  return [
    {
      method: 'get',
      path: '/models',
      operation: operations.list,
      async handle(_request, response) {
        const [installed, running] = await Promise.all([models.list(), pulls.list()]);
        response.json({ models: installed, pulls: running });
      },
    },
    {
      method: 'post',
      path: '/models',
      operation: operations.pull,
      async handle(request, response) {
        const { model } = parseInput(PullRequest, await readJsonBody(request, response), 'body');
        const pull = await pulls.start(model, actorOf(request, deps));
        response.status(202).set('Location', `/models/pulls/${encodeURIComponent(pull.model)}`);
        response.json(pull);
      },
    },
    {
      method: 'put',
      path: '/models/use',
      operation: operations.use,
      async handle(request, response) {
        const wanted = parseInput(UseRequest, await readJsonBody(request, response), 'body');
        response.json(await models.use(wanted, actorOf(request, deps)));
      },
    },
    {
      method: 'delete',
      path: '/models/:model',
      operation: operations.remove,
      async handle(request, response) {
        await models.remove(parseInput(Name, request.params['model'], 'model'), actorOf(request, deps));
        response.status(204).end();
      },
    },
  ];
}

function pullRoutes(deps: ApiDeps): Route[] {
  const pulls = createModelPulls(deps);
  const path = '/models/pulls/:model';
  return [
    {
      method: 'get',
      path,
      operation: operations.show,
      async handle(request, response) {
        response.json(await pulls.find(parseInput(Name, request.params['model'], 'model')));
      },
    },
    {
      method: 'get',
      path: `${path}/events`,
      operation: operations.follow,
      async handle(request, response) {
        const { model } = await pulls.find(parseInput(Name, request.params['model'], 'model'));
        await streamPull(deps, model, { request, response });
      },
    },
    {
      method: 'delete',
      path,
      operation: operations.stop,
      async handle(request, response) {
        response.status(202).json(await pulls.stop(parseInput(Name, request.params['model'], 'model')));
      },
    },
  ];
}
