import { afterEach, beforeEach, expect, it } from 'vitest';

import { addModelsCommand } from '../../../../../cli/commands/models.ts';
import { readModelName } from '../../../../../domain/models/name.ts';
import { freshPull, type ModelPull } from '../../../../../domain/models/pull.ts';
import { createHome, replyJson, serveApi, sse } from '../harness.ts';

let home: Awaited<ReturnType<typeof createHome>>;
let api: Awaited<ReturnType<typeof serveApi>> | undefined;

beforeEach(async () => {
  home = await createHome();
});
afterEach(async () => {
  await api?.close();
  api = undefined;
  await home.remove();
});

const fresh = freshPull(readModelName('tiny:1b'), 0);
const halfway: ModelPull = {
  ...fresh,
  step: 'downloading',
  completedBytes: 2_000_000_000,
  totalBytes: 4_000_000_000,
  percent: 50,
  bytesPerSecond: 10_000_000,
  etaSeconds: 200,
};
const done: ModelPull = { ...halfway, state: 'done', percent: 100 };
const events = 'GET /models/pulls/tiny%3A1b/events';

/** Serves answers by method and path; an array is a stream of events, which stays open unless `ends`. */
async function serve(answers: Record<string, readonly [number, unknown] | { stream: ModelPull[]; ends: boolean }>) {
  api = await serveApi(home.socket, ({ method, path }, response) => {
    const answer = answers[`${method} ${path}`];
    if (answer === undefined) return replyJson(response, 404, { code: 'NOT_FOUND', detail: 'nothing here' });
    if (!('stream' in answer)) return replyJson(response, ...answer);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const pull of answer.stream) response.write(sse('', pull));
    if (answer.ends) response.end();
  });
}

const models = (...words: string[]) => home.run(addModelsCommand, ['models', ...words]);

it('pulls a model, shows size, rate and the time left, and says when it is there', async () => {
  await serve({ 'POST /models': [202, fresh], [events]: { stream: [halfway, done], ends: true } });
  const { code, stdout, said } = await models('pull', 'tiny:1b');
  expect(code).toBe(0);
  expect(api?.seen[0]?.body).toBe('{"model":"tiny:1b"}');
  expect(said).toContain('4.0 GB (2.0 GB came, 10 MB/s, 3 min 20 s left)');
  expect(stdout).toBe('tiny:1b is installed (4.0 GB).\n');
});

it('leaves the pull running when it is interrupted, and says how to stop it', async () => {
  await serve({ 'POST /models': [202, fresh], [events]: { stream: [halfway], ends: false } });
  const interrupted = AbortSignal.timeout(300);
  const { code, stderr } = await home.run(addModelsCommand, ['models', 'pull', 'tiny:1b'], { interrupted });
  expect(code).toBe(75);
  expect(stderr).toContain('goes on in the background. To stop it: talos models stop tiny:1b');
  expect(api?.seen.map(({ method }) => method)).not.toContain('DELETE');
});

it('fails as the pull did, by the catalogue', async () => {
  const error = { code: 'DISK_FULL', message: 'The disk lacks 2 GB \u001B[31m.' };
  await serve({
    'POST /models': [202, fresh],
    [events]: { stream: [{ ...halfway, state: 'failed', error }], ends: true },
  });
  const { code, stderr } = await models('pull', 'tiny:1b');
  expect(code).toBe(74);
  expect(stderr).toContain('lacks 2 GB');
  expect(stderr).not.toContain('\u001B');
});

it('says that a pull was stopped by somebody else', async () => {
  await serve({
    'POST /models': [202, fresh],
    [events]: { stream: [{ ...halfway, state: 'cancelled' }], ends: true },
  });
  expect(await models('pull', 'tiny:1b')).toMatchObject({ code: 75, stderr: expect.stringContaining('is kept') });
});

it('goes on showing the pull when the API was started again meanwhile', async () => {
  let made = 0;
  api = await serveApi(home.socket, ({ method }, response) => {
    if (method === 'POST') return replyJson(response, 202, fresh);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(sse('', made++ === 0 ? halfway : done), () => response.destroy());
  });
  const { code, stdout, stderr } = await models('pull', 'tiny:1b');
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'tiny:1b is installed (4.0 GB).\n' });
  expect(stderr.match(/The connection broke/g)).toHaveLength(1);
});

it('prints the pull as JSON when asked to', async () => {
  await serve({ 'POST /models': [202, fresh], [events]: { stream: [done], ends: true } });
  const { stdout } = await models('pull', 'tiny:1b', '--json');
  expect(JSON.parse(stdout)).toEqual(done);
});

it('lists models and what is on its way', async () => {
  const mistral = { name: 'mistral:7b', digest: 'd', sizeBytes: 4_100_000_000, loaded: true, usedFor: ['chat'] };
  await serve({ 'GET /models': [200, { models: [mistral], pulls: [halfway] }] });
  const { stdout } = await models('ls');
  expect(stdout).toMatch(/mistral:7b +4\.1 GB +yes +chat/);
  expect(stdout).toMatch(/tiny:1b +running +50 % of 4\.0 GB \(2\.0 GB came, 10 MB\/s, 3 min 20 s left\)/);
  expect(JSON.parse((await models('ls', '--json')).stdout)).toEqual({ models: [mistral], pulls: [halfway] });
});

it.each(['stop', 'rm'])(
  'asks nothing for models %s without a name, which would be asked of something else',
  async (verb) => {
    await serve({});
    for (const name of ['', ' ']) expect((await models(verb, name)).code).toBe(64);
    expect(api?.seen).toEqual([]);
  },
);

it('stops, removes and chooses', async () => {
  const mistral = { name: 'mistral:7b', digest: 'd', sizeBytes: 1, loaded: false, usedFor: ['chat'] };
  await serve({
    'DELETE /models/pulls/tiny%3A1b': [202, halfway],
    'DELETE /models/mistral%3A7b': [204, undefined],
    'PUT /models/use': [200, mistral],
  });
  expect((await models('stop', 'tiny:1b')).stdout).toContain('is being stopped');
  expect((await models('rm', 'mistral:7b')).stdout).toBe('mistral:7b is removed.\n');
  expect((await models('use', 'mistral:7b', '--for', 'vision')).stdout).toContain('used for vision');
  expect(api?.seen.at(-1)?.body).toBe('{"model":"mistral:7b","use":"vision"}');
});

it('tells why a model cannot be removed', async () => {
  const problem = { code: 'MODEL_IN_USE', detail: 'mistral:7b is the chat model' };
  await serve({ 'DELETE /models/mistral%3A7b': [409, problem] });
  expect(await models('rm', 'mistral:7b')).toMatchObject({
    code: 64,
    stderr: expect.stringContaining('is the chat model'),
  });
});

it('says that Talos is not running', async () => {
  expect(await models('ls')).toMatchObject({ code: 69, stderr: expect.stringContaining('NOT_RUNNING') });
});
