import { expect, it, onTestFinished } from 'vitest';

import { createMemoryLanguageModel } from '../../../adapters/memory/language-model.ts';
import { readModelName } from '../../../domain/models/name.ts';
import { freshPull, type ModelPull } from '../../../domain/models/pull.ts';
import { createMemoryPullRuntime, createModelTwins } from '../../support/model-twins.ts';
import { noFigures } from './no-figures.ts';
import { collect, open, right, startApi } from './support.ts';

const offered = {
  'qwen2.5-coder:7b': { sizeBytes: 4000 },
  'mistral:7b': { sizeBytes: 1000 },
  'moondream:2b': { sizeBytes: 2000, can: ['completion', 'vision'] },
  'nomic-embed-text:latest': { sizeBytes: 3000, can: ['embedding'] },
  'talos-test:latest': { sizeBytes: 10 },
};
const hour = 3_600_000;
const names = Object.keys(offered);

/** An API with some models installed. */
async function start({ withStore = true } = {}) {
  const pullRuntime = createMemoryPullRuntime();
  const twins = createModelTwins(offered, { pullRuntime });
  const { store, ...withoutStore } = twins;
  for (const name of names) {
    for await (const _ of store.pull(readModelName(name), AbortSignal.timeout(1000)));
  }
  const model = createMemoryLanguageModel({ models: names });
  await model.load('mistral:7b', AbortSignal.timeout(1000));
  const api = await startApi({ deps: { model, modelPorts: withStore ? twins : withoutStore } });
  onTestFinished(() => api.close());
  const audited = () => api.audit.events().filter(({ type }) => type.startsWith('model-'));
  return { ...api, ...twins, pullRuntime, audited };
}

it('lists what is installed, what is loaded, and what does which work', async () => {
  const api = await start();
  const { status, body } = await api.ask('/models');
  expect(status).toBe(200);
  expect(body).toMatchObject({
    models: [
      { name: 'mistral:7b', loaded: true, usedFor: [] },
      { name: 'moondream:2b', loaded: false, usedFor: [] },
      { name: 'nomic-embed-text:latest', usedFor: ['embedding'] },
      { name: 'qwen2.5-coder:7b', usedFor: ['chat'] },
      { name: 'talos-test:latest', usedFor: ['test'] },
    ],
    pulls: [],
  });
});

it('starts a pull once, tells where to look, and shows how far it is', async () => {
  const api = await start();
  const model = 'http://127.0.0.1:5000/library/tiny';
  const answers = await Promise.all([1, 2].map(() => api.own('/models', { body: { model } })));
  const listed = '127.0.0.1:5000/library/tiny:latest';
  for (const { status, headers, body } of answers) {
    expect(status).toBe(202);
    expect(headers.location).toBe(`/models/pulls/${encodeURIComponent(listed)}`);
    expect(body).toMatchObject({ model: listed, host: '127.0.0.1:5000', state: 'running', percent: 0 });
  }
  expect([...api.pullRuntime.running]).toEqual([[listed, 'owner']]);
  const { body } = await api.ask(answers[0]?.headers.location ?? '');
  expect(body).toMatchObject({ model: listed, state: 'running' });
  expect((await api.ask('/models')).body).toMatchObject({ pulls: [{ model: listed }] });
});

it('does not set back a pull that is on its way', async () => {
  const api = await start();
  const before = { ...freshPull(readModelName('tiny:1b'), 1), percent: 40 };
  await api.pulls.put(before);
  await api.pullRuntime.startPull({ name: readModelName('tiny:1b'), by: 'owner' });
  expect((await api.ask('/models', { body: { model: 'tiny:1b' } })).body).toEqual(before);
});

it('stops a pull', async () => {
  const api = await start();
  await api.ask('/models', { body: { model: 'tiny:1b' } });
  expect((await api.ask('/models/pulls/tiny:1b', { method: 'DELETE' })).status).toBe(202);
  expect(api.pullRuntime.running.size).toBe(0);
  expect((await api.ask('/models/pulls/tiny:2b', { method: 'DELETE' })).status).toBe(404);
});

it('streams a pull until it has ended', async () => {
  const api = await start();
  const fresh = freshPull(readModelName('tiny:1b'), 1000);
  await api.pulls.put(fresh);
  const response = await open({
    port: api.port,
    path: '/models/pulls/tiny%3A1b/events',
    headers: { authorization: right },
  });
  const events = collect(response);
  await api.pulls.put({ ...fresh, percent: 50, step: 'downloading' });
  await api.pulls.put({ ...fresh, percent: 100, state: 'done' });
  const heard = await events;
  expect(heard.at(-1)?.event).toBe('done');
  expect(heard.map(({ data }) => (JSON.parse(data) as ModelPull).model)).toEqual(heard.map(() => 'tiny:1b'));
});

it('tells that a pull has failed whose workflow was ended from outside', async () => {
  const api = await start();
  await api.pulls.put(freshPull(readModelName('tiny:1b'), -100_000));
  expect((await api.ask('/models/pulls/tiny:1b')).body).toMatchObject({
    state: 'failed',
    error: { code: 'PULL_FAILED' },
  });
});

it.each([
  [{ model: 'http://registry.example/library/tiny' }, 'without TLS'],
  [{ model: '../../etc/passwd' }, 'no model name'],
  [{ model: 7 }, 'model'],
  [{}, 'model'],
  [{ model: 'tiny', insecure: true }, 'insecure'],
])('refuses to pull %j', async (body, words) => {
  const api = await start();
  const answer = await api.ask('/models', { body });
  expect(answer.status).toBe(400);
  expect(answer.text).toContain(words);
  expect(api.pullRuntime.running.size).toBe(0);
});

it('chooses an installed model for chat, keeps the choice, and goes back', async () => {
  const api = await start();
  const use = (body: object) => api.ask('/models/use', { method: 'PUT', body });
  expect((await use({ model: 'mistral:7b' })).body).toMatchObject({ name: 'mistral:7b', usedFor: ['chat'] });
  expect(await api.choices.get()).toEqual({ chat: 'mistral:7b' });
  expect((await use({ model: 'moondream:2b', use: 'vision' })).status).toBe(200);
  expect((await use({ model: 'qwen2.5-coder:7b' })).body).toMatchObject({ usedFor: ['chat'] });
  expect(await api.choices.get()).toEqual({ vision: 'moondream:2b' });
  expect(api.audited()).toMatchObject([
    { type: 'model-chosen', subject: 'mistral:7b', details: { use: 'chat' } },
    { type: 'model-chosen', subject: 'moondream:2b', details: { use: 'vision' } },
    { type: 'model-chosen', subject: 'qwen2.5-coder:7b', details: { use: 'chat' } },
  ]);
});

it.each([
  [{ model: 'mistral:7b', use: 'embedding' }, 400, 'memories belong to the one they were made with'],
  [{ model: 'llama3:8b' }, 503, 'talos models pull llama3:8b'],
  [{ model: 'nomic-embed-text', use: 'chat' }, 502, 'cannot be used for chat'],
  [{ model: 'mistral:7b', use: 'vision' }, 502, 'cannot be used for vision'],
])('does not choose %j', async (body, status, words) => {
  const api = await start();
  const answer = await api.ask('/models/use', { method: 'PUT', body });
  expect(answer.status).toBe(status);
  expect(answer.text).toContain(words);
  expect(await api.choices.get()).toEqual({});
});

it('removes a model, once that is on record', async () => {
  const api = await start();
  api.audit.refuse(true);
  expect((await api.ask('/models/mistral:7b', { method: 'DELETE' })).status).toBe(507);
  expect(await api.store.describe('mistral:7b')).toBeDefined();
  api.audit.refuse(false);
  expect((await api.ask('/models/mistral:7b', { method: 'DELETE' })).status).toBe(204);
  expect(await api.store.describe('mistral:7b')).toBeUndefined();
  expect(api.audited()).toMatchObject([{ type: 'model-removed', subject: 'mistral:7b' }]);
});

it.each([
  ['qwen2.5-coder:7b', 409, 'talos models use'],
  ['nomic-embed-text', 409, 'EMBEDDING_MODEL'],
  ['talos-test', 409, 'built in'],
  ['llama3:8b', 404, 'talos models ls'],
  ['x%2Fy%2Fz%2Fw', 400, 'no model name'],
])('does not remove %s', async (name, status, words) => {
  const api = await start();
  const answer = await api.ask(`/models/${name}`, { method: 'DELETE' });
  expect(answer.status).toBe(status);
  expect(answer.text).toContain(words);
  expect(api.audited()).toEqual([]);
});

it('does not remove what is being pulled', async () => {
  const api = await start();
  await api.pullRuntime.startPull({ name: readModelName('mistral:7b'), by: 'owner' });
  const { status, text } = await api.ask('/models/mistral:7b', { method: 'DELETE' });
  expect(status).toBe(409);
  expect(text).toContain('talos models stop mistral:7b');
});

it('changes nothing in a lockdown', async () => {
  const api = await start();
  await api.lockdown.lock({ reason: 'test', by: 'owner', at: 1 });
  const answers = await Promise.all([
    api.ask('/models', { body: { model: 'tiny:1b' } }),
    api.ask('/models/use', { method: 'PUT', body: { model: 'mistral:7b' } }),
    api.ask('/models/mistral:7b', { method: 'DELETE' }),
  ]);
  expect(answers.map(({ status }) => status)).toEqual([423, 423, 423]);
  expect((await api.ask('/models')).status).toBe(200);
});

it('finds a model that is called as a path is', async () => {
  const api = await start();
  const answers = [await api.ask('/models/use', { method: 'DELETE' }), await api.ask('/models/use')];
  expect(answers.map(({ status, body }) => [status, body['code']])).toEqual([
    [404, 'NOT_FOUND'],
    [405, 'METHOD_NOT_ALLOWED'],
  ]);
  expect(answers[0]?.body['detail']).toContain('use:latest');
});

it('says so where the engine neither pulls nor removes models', async () => {
  const api = await start({ withStore: false });
  for (const answer of [
    await api.ask('/models', { body: { model: 'tiny:1b' } }),
    await api.ask('/models/mistral:7b', { method: 'DELETE' }),
  ]) {
    expect(answer.body).toMatchObject({ code: 'MODEL_REFUSED', detail: expect.stringContaining('LOCAL_ENGINE') });
  }
  expect((await api.ask('/models')).status).toBe(200);
});

it.each([
  ['answers', { holder: 'kitchen.k1', since: 0 }, true],
  ['has answered', { since: hour - 60_000 }, true],
  ['answered long ago', { since: hour - 600_000 }, false],
])('tells of a model inside Talos what the worker tells that %s', async (_, told, loaded) => {
  const model = createMemoryLanguageModel({ models: ['tiny:latest'] });
  const { store: _none, ...modelPorts } = createModelTwins();
  const gpus = async () => [{ state: 'ready', model: 'tiny', ...told } as const];
  const api = await startApi({
    settings: { LOCAL_ENGINE: 'embedded', EMBEDDED_MODEL: '/models/tiny.gguf' },
    deps: { model, modelPorts, metrics: { ...noFigures, gpus }, now: () => hour },
  });
  onTestFinished(() => api.close());
  expect((await api.ask('/models')).body).toMatchObject({ models: [{ name: 'tiny:latest', loaded }] });
});
