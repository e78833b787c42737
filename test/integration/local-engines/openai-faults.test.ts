import { once } from 'node:events';

import { describe, expect, it } from 'vitest';

import { createOpenai } from '../../../adapters/openai.ts';
import { embedTexts } from '../../../adapters/openai-embed.ts';
import { collect, saying, textOf } from '../../contract/language-model-suite.ts';
import { startLlamaServer } from '../../support/llama-server.ts';
import { send, startFakeServer } from '../ollama/fake-server.ts';
import { signal, hasty, talk, event, ending, replying, streaming, refusal } from './openai-talk.ts';

const tooLong = { type: 'exceed_context_size_error' };

describe('a server that speaks as OpenAI does and fails', () => {
  it('is unavailable when nothing listens, and the message names the address and what to do', async () => {
    const gone = await startFakeServer(() => undefined);
    await gone[Symbol.asyncDispose]();
    const url = `${gone.url}/v1`;
    await expect(collect(createOpenai({ url }).chat(saying('hi'), signal))).rejects.toMatchObject({
      code: 'MODEL_UNAVAILABLE',
      message: expect.stringMatching(new RegExp(`${url}.*ECONNREFUSED.*OPENAI_BASE_URL`)),
      details: { reason: 'unreachable', address: url },
    });
  });

  it('is sent the beginning of a text that is too long to embed, cut between two characters', async () => {
    const inputs: string[] = [];
    await using server = await startFakeServer((response, { body }) => {
      const { input } = JSON.parse(body) as { input: string[] };
      inputs.push(...input);
      const fits = (input[0]?.length ?? 0) < 110;
      const reply = fits ? JSON.stringify({ data: [{ index: 0, embedding: [1] }] }) : refusal('too long', tooLong);
      response.writeHead(fits ? 200 : 400, { 'content-type': 'application/json' }).end(reply);
    });
    const call = { url: `${server.url}/v1`, model: 'm' };
    expect(await embedTexts(call, ['😀'.repeat(101)], signal)).toEqual([[1]]);
    expect(inputs.map((input) => input.length)).toEqual([202, 101]);
    expect(inputs.every((input) => input.isWellFormed())).toBe(true);
  });

  it.each([
    { what: 'an error 500', status: 500, body: refusal('slot is broken'), told: 'MODEL_UNAVAILABLE server-error' },
    { what: 'an error 500 in plain text', status: 500, body: 'oops', told: 'MODEL_UNAVAILABLE server-error' },
    { what: 'too many requests', status: 429, body: refusal('slow down'), told: 'MODEL_UNAVAILABLE busy' },
    { what: 'a model that loads', status: 503, body: refusal('Loading model'), told: 'MODEL_UNAVAILABLE busy' },
    { what: 'an overloaded engine', status: 503, body: 'oops', told: 'MODEL_UNAVAILABLE busy' },
    { what: 'a full GPU', status: 500, body: refusal('CUDA out of memory'), told: 'MODEL_UNAVAILABLE out-of-memory' },
    { what: 'a wrong key', status: 401, body: refusal('Incorrect API key'), told: 'MODEL_REFUSED wrong-key' },
    { what: 'a refused request', status: 400, body: refusal('no such role'), told: 'MODEL_REFUSED refused' },
    {
      what: 'an image it cannot show its model',
      status: 500,
      body: refusal('image input is not supported - hint: you may need to provide the mmproj'),
      told: 'MODEL_REFUSED refused',
    },
    { what: 'the page of a web server', status: 404, body: '<html></html>', told: 'MODEL_UNAVAILABLE bad-reply' },
  ])('is understood with $what, and asked once', async ({ status, body, told }) => {
    const { failure, paths } = await talk(replying(status, body));
    const [code, reason] = told.split(' ');
    expect(failure).toMatchObject({ code, details: { reason } });
    expect(paths.filter((path) => path !== '/v1/models')).toHaveLength(1);
  });

  it.each([
    [
      'llama.cpp',
      400,
      refusal('the request exceeds the available context size', { type: 'exceed_context_size_error' }),
    ],
    ['vLLM', 400, refusal("This model's maximum context length is 4096 tokens. However, you requested 5000 tokens")],
    ['OpenAI', 400, refusal('too long', { code: 'context_length_exceeded' })],
  ])('says what mends a prompt that is too long for %s', async (_, status, body) => {
    const { failure } = await talk(replying(status, body));
    expect(failure).toMatchObject({
      code: 'MODEL_REFUSED',
      message: expect.stringMatching(/larger window.*QWEN_CONTEXT_LENGTH/),
      details: { reason: 'context-overflow' },
    });
  });

  it('lacks a model that it does not list or does not know, and the message names what it has', async () => {
    const unlisted = await talk(streaming(ending), { model: 'other' });
    expect(unlisted.failure).toMatchObject({
      code: 'MODEL_MISSING',
      message: expect.stringMatching(/lists: talos-test.*QWEN_CODER_MODEL/),
    });
    expect(unlisted.paths).toEqual(['/v1/models']);
    const unknown = await talk(replying(404, refusal('The model does not exist', { code: 'model_not_found' })));
    expect(unknown.failure).toMatchObject({ code: 'MODEL_MISSING' });
  });

  it('is unavailable when an event in the middle of the stream is an error', async () => {
    const { failure, text } = await talk(streaming(event({ content: 'Hel' }), `data: ${refusal('it crashed')}\n\n`));
    expect(text).toBe('Hel');
    expect(failure).toMatchObject({ code: 'MODEL_UNAVAILABLE', message: expect.stringContaining('it crashed') });
  });

  it('is busy when an event in the middle of the stream says so', async () => {
    const { failure } = await talk(streaming(event({ content: 'Hel' }), `data: ${refusal('server overloaded')}\n\n`));
    expect(failure).toMatchObject({ code: 'MODEL_UNAVAILABLE', details: { reason: 'busy' } });
  });

  it.each([
    ['between two events', event({ content: 'Hel' })],
    ['in the middle of an event', event({ content: 'Hel' }) + event({ content: 'lo' }).slice(0, 20)],
    ['after [DONE] without a reason', `${event({ content: 'Hel' })}data: [DONE]\n\n`],
  ])('is cut off or unreadable when a stream ends %s, and the text until then has come', async (_, bytes) => {
    const { failure, text } = await talk(streaming(bytes));
    expect(text).toBe('Hel');
    expect(failure).toMatchObject({
      code: 'MODEL_UNAVAILABLE',
      details: { reason: expect.stringMatching(/cut-off|bad-reply/) },
    });
  });

  it('is cut off when the connection breaks in the middle of a stream', async () => {
    const { failure, text } = await talk(async (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      await send(response, event({ content: 'Hel' }));
      response.destroy();
    });
    expect(text).toBe('Hel');
    expect(failure).toMatchObject({ code: 'MODEL_UNAVAILABLE', details: { reason: 'cut-off' } });
  });

  it.each([
    ['garbage', streaming(event({ content: 'Hel' }), 'data: garbage\n\n', ending)],
    ['an event of another shape', streaming('data: {"choices":7}\n\n', ending)],
    ['bytes without end', streaming('data: "', ...Array.from({ length: 70 }, () => 'x'.repeat(1_048_576)))],
    ['a call without a name', streaming(event({ tool_calls: [{ index: 0, function: {} }] }), ending)],
    ['more calls than anybody makes', streaming(event({ tool_calls: [{ index: 1_000_000 }] }), ending)],
  ])('is no such server when it sends %s', async (_, handler) => {
    const { failure } = await talk(handler);
    expect(failure).toMatchObject({ code: 'MODEL_UNAVAILABLE', details: { reason: 'bad-reply' } });
  });

  it.each([
    ['before the first token', [] as string[]],
    ['between two tokens', [event({ content: 'Hel' })]],
  ])('times out when it hangs %s, and the request is closed', async (_, parts) => {
    let closed: Promise<unknown> | undefined;
    const { failure } = await talk(
      async (response) => {
        closed = once(response, 'close');
        for (const part of parts) await send(response, part);
      },
      { silence: hasty },
    );
    expect(failure).toMatchObject({ code: 'MODEL_TIMEOUT', details: { reason: 'silent' } });
    await closed;
  });

  it('never gets its key repeated', async () => {
    const key = 'sk-very-secret';
    for (const status of [400, 401, 500]) {
      const { failure } = await talk(replying(status, refusal(`the key ${key} is wrong`)), { key });
      expect(JSON.stringify(failure) + String(failure)).not.toContain(key);
    }
  });

  it('killed in the middle of an answer is unavailable, and the text until then has come', async () => {
    const server = await startLlamaServer('talos-test');
    let text = '';
    const reading = (async () => {
      const endless = saying('forever', { contextTokens: 65_536, maxOutputTokens: 65_000 });
      for await (const piece of createOpenai({ url: server.url }).chat(endless, signal)) {
        const wasBegun = text.startsWith('On and on');
        if (piece.type === 'text-delta') text += piece.text;
        if (!wasBegun && text.startsWith('On and on')) void server[Symbol.asyncDispose]();
      }
    })();
    await expect(reading).rejects.toMatchObject({ code: 'MODEL_UNAVAILABLE', details: { reason: 'cut-off' } });
    expect(text).toMatch(/^On and on/);
  });

  it('with too small a window refuses a long prompt and says what mends it', async () => {
    await using server = await startLlamaServer('talos-test', { flags: ['--ctx-size', '256'] });
    const long = saying('', {
      messages: Array.from({ length: 200 }, () => ({ role: 'user' as const, content: 'hello' })),
    });
    await expect(collect(createOpenai({ url: server.url }).chat(long, signal))).rejects.toMatchObject({
      code: 'MODEL_REFUSED',
      details: { reason: 'context-overflow' },
    });
  });

  it('asks for its key, and takes the right one', async () => {
    const key = 'sk-right';
    await using server = await startLlamaServer('talos-test', { flags: ['--api-key', key] });
    const ask = (options: { key?: string }) =>
      collect(createOpenai({ url: server.url, ...options }).chat(saying('hello'), signal));
    await expect(ask({})).rejects.toMatchObject({
      code: 'MODEL_REFUSED',
      message: expect.stringContaining('OPENAI_API_KEY'),
    });
    await expect(ask({ key: 'sk-wrong' })).rejects.toMatchObject({ code: 'MODEL_REFUSED' });
    expect(textOf(await ask({ key }))).toBe('Hello from the built-in test model.');
  });
});
