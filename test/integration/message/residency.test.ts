import { afterEach, describe, expect, inject, it } from 'vitest';

import { createOllama } from '../../../adapters/ollama.ts';
import { createResidentModel } from '../../../adapters/resident-model.ts';
import type { GpuReport } from '../../../domain/gpu/report.ts';
import { startTalos, type TestPorts } from '../../support/talos.ts';
import { startFakeOllama } from '../ollama/fake-ollama.ts';
import { chatLine, type Handler, lastLine, send } from '../ollama/fake-server.ts';

type Ollama = Awaited<ReturnType<typeof startFakeOllama>>;

const models = { 'talos-test:latest': ['completion', 'tools'] };

describe('a message and the memory of the GPU', () => {
  let talos: Awaited<ReturnType<typeof startTalos>>;
  let reports: GpuReport[];
  afterEach(() => talos.close());

  async function start(ollama: Ollama, { loadMs = 5000, answerMs = 60_000 } = {}) {
    reports = [];
    const model = createResidentModel({
      model: createOllama({ url: ollama.url }),
      loadMs,
      answerMs,
      isOurs: (name) => name.startsWith('talos-test'),
      holder: () => 'c.k',
      now: Date.now,
      publish: (report) => reports.push(report),
    });
    talos = await startTalos(inject('stack'), { wrap: (ports: TestPorts) => ({ ...ports, model }) });
    await Promise.all([talos.serve('core'), talos.serve('gpu')]);
  }
  const say = async (text: string) => talos.settled(await talos.send(text));

  it('loads once for its window, and then asks nothing more of the server', async () => {
    await using ollama = await startFakeOllama({ models });
    await start(ollama);
    expect(await say('hello')).toMatchObject({ state: 'answered', reply: 'Hello from talos-test' });
    expect(await say('hello')).toMatchObject({ state: 'answered' });
    expect(ollama.steps()).toEqual(['load talos-test', 'chat talos-test', 'chat talos-test']);
    const load = ollama.asked.find(({ path }) => path === '/api/generate');
    const chat = ollama.asked.find(({ path }) => path === '/api/chat');
    expect(load?.options?.['num_ctx']).toBe(chat?.options?.['num_ctx']);
    expect(ollama.asked.filter(({ path }) => path === '/api/ps')).toHaveLength(1);
  });

  it.each([
    ['hangs', hanging, 'load-timed-out'],
    ['is short of memory', failing('model requires more system memory'), 'load-failed'],
    ['breaks the server', failing('llama runner process has terminated'), 'load-failed'],
  ])('is answered by the processor when the load %s, and so is the next one', async (_, broken, reason) => {
    await using ollama = await startFakeOllama({
      models,
      behaviour: ({ path, keep_alive }) => (path === '/api/generate' && keep_alive !== 0 ? broken : undefined),
    });
    await start(ollama, { loadMs: 200 });
    const notice = expect.stringMatching(/^The built-in test model answered.* The GPU could not take talos-test/);
    expect(await say('hello')).toMatchObject({ state: 'answered', reply: 'Hello from talos-test', notice });
    expect(await say('and you?')).toMatchObject({ state: 'answered', notice });
    expect(ollama.steps()).toEqual([
      'load talos-test',
      'unload talos-test',
      'chat talos-test on the processor',
      'chat talos-test on the processor',
    ]);
    expect(reports.at(-1)).toMatchObject({ state: 'error', reason });
  });

  it('fails, and soon, when neither can do it; the next message is answered', async () => {
    let isBroken = true;
    await using ollama = await startFakeOllama({
      models,
      behaviour: ({ path, keep_alive }) =>
        isBroken && (path === '/api/chat' || (path === '/api/generate' && keep_alive !== 0))
          ? failing('model requires more system memory')
          : undefined,
    });
    await start(ollama);
    expect(await say('hello')).toMatchObject({ state: 'failed', error: { code: 'MODEL_UNAVAILABLE' } });
    expect(ollama.steps().filter((step) => step.startsWith('chat'))).toHaveLength(1);
    isBroken = false;
    expect(await say('hello')).toMatchObject({ state: 'answered' });
  });

  it('is written anew, and not doubled, when the server dies in the middle', async () => {
    let deaths = 1;
    const dying: Handler = async (response) => {
      await send(response, chatLine('Hello '));
      response.destroy();
    };
    await using ollama: Ollama = await startFakeOllama({
      models,
      behaviour: ({ path }) => (path === '/api/chat' && deaths-- > 0 ? dying : undefined),
    });
    await start(ollama);
    expect(await say('hello')).toMatchObject({ state: 'answered', reply: 'Hello from talos-test' });
    expect(reports.map(({ state }) => state)).toContain('idle');
    expect(ollama.steps()).toEqual(['load talos-test', 'chat talos-test', 'chat talos-test']);
  });

  it('keeps the partial text when the server dies for good', async () => {
    const dying: Handler = async (response) => {
      await send(response, chatLine('Hello '));
      response.destroy();
    };
    await using ollama = await startFakeOllama({
      models,
      behaviour: ({ path }) => (path === '/api/chat' ? dying : undefined),
    });
    await start(ollama);
    expect(await say('hello')).toMatchObject({
      state: 'failed',
      reply: 'Hello ',
      error: { code: 'MODEL_UNAVAILABLE' },
    });
  });

  it('is told that a model deleted while loaded is missing, and the next one is answered by another', async () => {
    await using ollama = await startFakeOllama({ models: { ...models, 'talos-test-think:latest': [] } });
    await start(ollama);
    await say('hello');
    ollama.installed.delete('talos-test:latest');
    expect(await say('hello')).toMatchObject({ state: 'failed', error: { code: 'MODEL_MISSING' } });
    ollama.installed.set('talos-test:latest', []);
    expect(await say('hello')).toMatchObject({ state: 'answered' });
  });

  it('is refused, and not answered with nothing, when the model says nothing', async () => {
    await using ollama = await startFakeOllama({
      models,
      behaviour: ({ path }) => (path === '/api/chat' ? (response) => void response.end(lastLine) : undefined),
    });
    await start(ollama);
    expect(await say('hello')).toMatchObject({
      state: 'failed',
      error: { code: 'MODEL_REFUSED', message: expect.stringMatching(/answered nothing/) },
    });
    expect(ollama.steps().filter((step) => step.startsWith('chat'))).toHaveLength(1);
  });

  it('ends at the longest answer when the model never stops', async () => {
    await using ollama = await startFakeOllama({
      models,
      behaviour: ({ path }) => (path === '/api/chat' ? endless : undefined),
    });
    await start(ollama);
    const { state, reply = '' } = await say('hello');
    expect(state).toBe('answered');
    expect(reply.length).toBe((512 + 65) * 'on '.length);
  });

  it('ends with what has come when the model takes too long over it', async () => {
    await using ollama = await startFakeOllama({
      models,
      behaviour: ({ path }) => (path === '/api/chat' ? slow : undefined),
    });
    await start(ollama, { answerMs: 300 });
    const { state, reply, error } = await say('hello');
    expect({ state, code: error?.code }).toEqual({ state: 'failed', code: 'MODEL_TIMEOUT' });
    expect(reply).toMatch(/^on on/);
    expect(ollama.steps().filter((step) => step.startsWith('chat'))).toHaveLength(1);
  });

  it('is answered though a tool call is broken and bytes are no UTF-8', async () => {
    const call = { function: { name: 'look', arguments: '{"at":"sk' } };
    const [head = '', tail = ''] = chatLine('a~b').split('~');
    const odd: Handler = async (response) => {
      await send(response, chatLine('', { message: { content: '', tool_calls: [call] } }));
      await send(response, head);
      await send(response, Uint8Array.of(0xff));
      await send(response, tail);
      response.end(lastLine);
    };
    await using ollama = await startFakeOllama({
      models,
      behaviour: ({ path }) => (path === '/api/chat' ? odd : undefined),
    });
    await start(ollama);
    expect(await say('hello')).toMatchObject({ state: 'answered', reply: 'a\uFFFDb' });
  });
});

function hanging(): void {
  return undefined; // no answer, ever
}

function failing(error: string): Handler {
  return (response) => void response.writeHead(500).end(JSON.stringify({ error }));
}

async function endless(response: Parameters<Handler>[0]): Promise<void> {
  const line = chatLine('on ');
  while (!response.destroyed) await send(response, line);
}

async function slow(response: Parameters<Handler>[0]): Promise<void> {
  const timer = setInterval(() => response.write(chatLine('on ')), 20);
  response.once('close', () => clearInterval(timer));
}
