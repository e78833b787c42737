import { once } from 'node:events';
import type { ServerResponse } from 'node:http';

import { describe, expect, it } from 'vitest';

import { createOllama } from '../../../adapters/ollama.ts';
import type { SilenceLimits } from '../../../adapters/ollama-silence.ts';
import type { ModelEvent, ModelRequest } from '../../../domain/models/model.ts';
import { collect, saying, textOf } from '../../contract/language-model-suite.ts';
import { chatLine, type Handler, lastLine, send, startFakeServer } from './fake-server.ts';

const signal = AbortSignal.timeout(50_000);
const patient = { firstTokenMs: 20_000, betweenTokensMs: 20_000 };
const hasty = { firstTokenMs: 150, betweenTokensMs: 150 };

/** Talks once to a server that does what `handler` does; gives the events until the end and the failure, if any. */
async function talk(
  handler: Handler,
  { silence = patient, ...overrides }: Partial<ModelRequest> & { silence?: SilenceLimits } = {},
) {
  await using server = await startFakeServer(handler);
  const events: ModelEvent[] = [];
  try {
    const model = createOllama({ url: server.url, silence });
    for await (const event of model.chat(saying('hi', overrides), signal)) events.push(event);
    return { events, text: textOf(events), paths: server.paths, failure: undefined };
  } catch (failure) {
    return { events, text: textOf(events), paths: server.paths, failure };
  }
}

function replying(status: number, body: string): Handler {
  return (response) => void response.writeHead(status, { 'content-type': 'application/json' }).end(body);
}

function streaming(...parts: (string | Uint8Array)[]): Handler {
  return async (response) => {
    for (const part of parts) await send(response, part);
    response.end();
  };
}

describe('an Ollama server that fails', () => {
  it('is unavailable when nothing listens, and the message names the address and what to do', async () => {
    const gone = await startFakeServer(() => undefined);
    await gone[Symbol.asyncDispose]();
    await expect(collect(createOllama({ url: gone.url }).chat(saying('hi'), signal))).rejects.toMatchObject({
      code: 'MODEL_UNAVAILABLE',
      message: expect.stringMatching(new RegExp(`${gone.url}.*talos doctor`)),
      details: { reason: 'unreachable', address: gone.url, fix: 'talos doctor' },
    });
  });

  it('is unavailable when the connection is reset before an answer', async () => {
    const { failure } = await talk((response) => void response.destroy());
    expect(failure).toMatchObject({ code: 'MODEL_UNAVAILABLE', details: { reason: 'unreachable' } });
  });

  it('is unavailable on an error 500 whose text is JSON inside a string', async () => {
    const inner = JSON.stringify({ error: { code: 500, message: 'slot is broken', type: 'server_error' } });
    const { failure } = await talk(replying(500, JSON.stringify({ error: inner })));
    expect(failure).toMatchObject({ code: 'MODEL_UNAVAILABLE', message: expect.stringContaining('slot is broken') });
  });

  it('counts the inner status: a refusal wrapped in a 500 is a refusal', async () => {
    const inner = JSON.stringify({ error: { code: 400, message: 'no such role', type: 'invalid_request_error' } });
    const { failure } = await talk(replying(500, JSON.stringify({ error: inner })));
    expect(failure).toMatchObject({ code: 'MODEL_REFUSED', message: expect.stringContaining('no such role') });
  });

  it('says that memory is short', async () => {
    const error = 'model requires more system memory (9.1 GiB) than is available (3.2 GiB)';
    const { failure } = await talk(replying(500, JSON.stringify({ error })));
    expect(failure).toMatchObject({ code: 'MODEL_UNAVAILABLE', details: { reason: 'out-of-memory' } });
  });

  it('is unavailable when a line in the middle of the stream is an error', async () => {
    const { failure, text } = await talk(
      streaming(chatLine('Hel'), '{"error":"llama runner process has terminated"}\n'),
    );
    expect(text).toBe('Hel');
    expect(failure).toMatchObject({ code: 'MODEL_UNAVAILABLE', message: expect.stringContaining('terminated') });
  });

  it.each([
    ['between two lines', chatLine('Hel')],
    ['in the middle of a line', chatLine('Hel') + chatLine('lo').slice(0, 20)],
  ])('is cut off when a stream ends %s, and the text until then has come', async (_, bytes) => {
    const { failure, text } = await talk(streaming(bytes));
    expect(text).toBe('Hel');
    expect(failure).toMatchObject({ code: 'MODEL_UNAVAILABLE', details: { reason: 'cut-off' } });
  });

  it('is unavailable though the error it tells never ends', async () => {
    const { failure } = await talk(async (response) => {
      response.writeHead(500);
      while (!response.destroyed) await Promise.race([send(response, 'x'.repeat(65_536)), once(response, 'close')]);
    });
    expect(failure).toMatchObject({ code: 'MODEL_UNAVAILABLE', details: { reason: 'server-error' } });
  });

  it('is cut off when the connection breaks in the middle of a stream', async () => {
    const { failure } = await talk(async (response) => {
      await send(response, chatLine('Hel'));
      response.destroy();
    });
    expect(failure).toMatchObject({ code: 'MODEL_UNAVAILABLE', details: { reason: 'cut-off' } });
  });

  it.each([
    ['a line that is not JSON', streaming(chatLine('Hel'), 'garbage\n', lastLine)],
    ['a line of another shape', streaming('{"message":7}\n', lastLine)],
    ['a line without end', streaming('"', 'x'.repeat(5_000_000))],
    ['the page of a web server', replying(404, '<html>not found</html>')],
  ])('is no Ollama when it sends %s', async (_, handler) => {
    const { failure } = await talk(handler);
    expect(failure).toMatchObject({ code: 'MODEL_UNAVAILABLE', details: { reason: 'bad-reply' } });
  });

  it.each([
    ['before the first token', [] as string[]],
    ['between two tokens', [chatLine('Hel')]],
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
});

describe('an Ollama server that reads a long prompt', () => {
  const longTalk = { silence: hasty, messages: [{ role: 'user', content: 'word '.repeat(4000) }] } as const;

  it('may be silent for longer while it answers other questions', async () => {
    let looks = 0;
    let begin: (() => void) | undefined;
    const { text, failure } = await talk((response, { path }) => {
      if (path === '/api/chat') begin = () => response.end(chatLine('Hi') + lastLine);
      else response.end('{"version":"1"}');
      if (path === '/api/version' && (looks += 1) === 2) begin?.();
    }, longTalk);
    expect(failure).toBeUndefined();
    expect(text).toBe('Hi');
  });

  it.each([
    ['hangs', (): undefined => undefined],
    ['is gone', (response: ServerResponse) => void response.destroy()],
  ])('is given up after the first limit when it %s', async (_, fail) => {
    const { failure, paths } = await talk((response, { path }) => {
      if (path !== '/api/chat') fail(response);
    }, longTalk);
    expect(failure).toMatchObject({ code: 'MODEL_TIMEOUT', details: { reason: 'silent' } });
    expect(paths).toEqual(['/api/chat', '/api/version']);
  });
});

describe('an Ollama server that is odd but honest', () => {
  it('is understood when its characters are split between chunks', async () => {
    const bytes = Buffer.from(chatLine('Zürich 😀') + lastLine);
    const { text, failure } = await talk(streaming(...Array.from(bytes, (byte) => Uint8Array.of(byte))));
    expect(failure).toBeUndefined();
    expect(text).toBe('Zürich 😀');
  });

  it('is understood when bytes are no UTF-8', async () => {
    const [head = '', tail = ''] = chatLine('a~b').split('~');
    const { text } = await talk(streaming(head, Uint8Array.of(0xff, 0xc3), tail, lastLine));
    expect(text).toBe('a\uFFFD\uFFFDb');
  });

  it('is understood with a huge line', async () => {
    const long = 'x'.repeat(2_000_000);
    expect((await talk(streaming(chatLine(long), lastLine))).text).toBe(long);
  });

  it('is understood with empty lines and without a last line break', async () => {
    expect((await talk(streaming('\n', chatLine('hello'), '\r\n', lastLine.trimEnd()))).text).toBe('hello');
  });

  it('may have thoughts in its text, as older versions do', async () => {
    const { events, text } = await talk(streaming(chatLine('<thi'), chatLine('nk>hm</think>\n\nHi'), lastLine));
    expect(text).toBe('Hi');
    expect(textOf(events, 'reasoning-delta')).toBe('hm');
  });

  it('may write broken arguments, which are told as such and spoil nothing else', async () => {
    const call = { function: { name: 'look', arguments: '{"at":"sk' } };
    const line = chatLine('', { message: { content: '', tool_calls: [call] } });
    const { events, failure } = await talk(streaming(line, lastLine));
    expect(failure).toBeUndefined();
    expect(events).toContainEqual({
      type: 'tool-call',
      call: { id: 'call-1', name: 'look', arguments: {}, problem: 'The arguments of the call are no JSON object.' },
    });
  });

  it('may call tools without ids and with arguments as text', async () => {
    const call = { function: { name: 'look', arguments: '{"at":"sky"}' } };
    const line = chatLine('', { message: { content: '', tool_calls: [call, call] } });
    const { events } = await talk(streaming(line, lastLine));
    expect(events).toEqual([
      { type: 'tool-call', call: { id: 'call-1', name: 'look', arguments: { at: 'sky' } } },
      { type: 'tool-call', call: { id: 'call-2', name: 'look', arguments: { at: 'sky' } } },
      { type: 'finish', reason: 'tool-calls', promptTokens: 3, outputTokens: 2 },
    ]);
  });

  it('is asked once more without `think` when the model cannot think, and only once', async () => {
    const asked: unknown[] = [];
    const { text, paths } = await talk(
      (response, { body }) => {
        const { think } = JSON.parse(body) as { think?: boolean };
        asked.push(think);
        if (think === undefined) response.end(chatLine('Hi') + lastLine);
        else response.writeHead(400).end('{"error":"\\"m\\" does not support thinking"}');
      },
      { think: true },
    );
    expect(text).toBe('Hi');
    expect(asked).toEqual([true, undefined]);
    const stubborn = await talk(replying(400, '{"error":"\\"m\\" does not support thinking"}'), { think: true });
    expect(stubborn.failure).toMatchObject({ code: 'MODEL_REFUSED' });
    expect([paths.length, stubborn.paths.length]).toEqual([2, 2]);
  });

  it('is never told to think, to keep quiet about the window or to sample by its own default', async () => {
    let sent: unknown;
    await talk((response, { body }) => {
      sent = JSON.parse(body);
      response.end(lastLine);
    });
    expect(sent).toMatchObject({
      stream: true,
      think: false,
      keep_alive: '10m',
      options: { num_ctx: 2048, num_predict: 512, temperature: 0 },
    });
  });

  it('is sent no text that it would take for the place of an image', async () => {
    const sent: string[] = [];
    const text = 'see [img-7] and [img-0]';
    const messages = [
      { role: 'system', content: text },
      { role: 'user', content: text },
      { role: 'assistant', content: text },
      { role: 'tool', toolName: 's', content: text },
    ] as const;
    const handler: Handler = (response, { body }) => {
      const { messages: got } = JSON.parse(body) as { messages: { content: string }[] };
      sent.push(...got.map(({ content }) => content));
      response.end(chatLine('Hi') + lastLine);
    };
    expect(await talk(handler, { messages: [...messages] })).toMatchObject({ text: 'Hi' });
    expect(sent).toEqual(messages.map(() => 'see [img 7] and [img 0]'));
  });

  it('gets a password of its address as a header, and no message repeats it', async () => {
    let authorization: string | undefined;
    await using server = await startFakeServer((response) => {
      authorization = response.req.headers.authorization;
      response.writeHead(500).end('{"error":"broken"}');
    });
    const url = server.url.replace('//', '//owner:s3cret@');
    const failure: unknown = await createOllama({ url })
      .installed()
      .catch((thrown: unknown) => thrown);
    expect(authorization).toBe(`Basic ${Buffer.from('owner:s3cret').toString('base64')}`);
    expect(failure).toMatchObject({ code: 'MODEL_UNAVAILABLE', details: { address: server.url } });
    expect(String(failure)).not.toContain('s3cret');
  });
});
