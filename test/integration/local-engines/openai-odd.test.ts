import { describe, expect, it } from 'vitest';

import { createOpenai } from '../../../adapters/openai.ts';
import { collect, saying, textOf } from '../../contract/language-model-suite.ts';
import { type Handler, startFakeServer } from '../ollama/fake-server.ts';
import { signal, hasty, listed, talk, event, usage, ending, replying, streaming, refusal } from './openai-talk.ts';

describe('a server that speaks as OpenAI does and is odd but honest', () => {
  it('may split its characters between chunks', async () => {
    const bytes = Buffer.from(event({ content: 'Zürich 😀' }) + ending);
    const { text, failure } = await talk(streaming(...Array.from(bytes, (byte) => Uint8Array.of(byte))));
    expect(failure).toBeUndefined();
    expect(text).toBe('Zürich 😀');
  });

  it.each(['reasoning_content', 'reasoning'])('may name its thoughts %s, or leave them in the text', async (field) => {
    const named = await talk(streaming(event({ [field]: 'hm' }), event({ content: 'Hi' }), ending));
    expect([textOf(named.events, 'reasoning-delta'), named.text]).toEqual(['hm', 'Hi']);
    const tagged = await talk(streaming(event({ content: '<thi' }), event({ content: 'nk>hm</think>\n\nHi' }), ending));
    expect([textOf(tagged.events, 'reasoning-delta'), tagged.text]).toEqual(['hm', 'Hi']);
  });

  it('may mix the pieces of two calls; they are told apart by their index', async () => {
    const piece = (index: number, id: string, called: { name?: string; arguments: string }) =>
      event({ tool_calls: [{ index, id, function: called }] });
    const pieces = [
      piece(0, 'a', { name: 'look', arguments: '{"at":' }),
      piece(1, 'b', { name: 'hear', arguments: '{}' }),
      piece(0, 'a', { arguments: '"sky"}' }),
    ];
    const { events } = await talk(streaming(...pieces, event({}, { finish_reason: 'tool_calls' }), usage));
    expect(events).toEqual([
      { type: 'tool-call', call: { id: 'a', name: 'look', arguments: { at: 'sky' } } },
      { type: 'tool-call', call: { id: 'b', name: 'hear', arguments: {} } },
      { type: 'finish', reason: 'tool-calls', promptTokens: 3, outputTokens: 2 },
    ]);
  });

  it('may send calls without index and id', async () => {
    const calls = ['look', 'hear'].map((name, index) => ({ id: `${index}`, function: { name, arguments: '{}' } }));
    const { events } = await talk(streaming(event({ tool_calls: calls }), ending));
    expect(events.flatMap((found) => (found.type === 'tool-call' ? [found.call.name] : []))).toEqual(['look', 'hear']);
  });

  it('may give every call the same index; their ids tell them apart', async () => {
    const calls = ['look', 'hear'].map((name) => ({ index: 0, id: name, function: { name, arguments: '{}' } }));
    const pieces = calls.map((call) => event({ tool_calls: [call] }));
    const { events } = await talk(streaming(...pieces, ending));
    expect(events.slice(0, -1)).toEqual([
      { type: 'tool-call', call: { id: 'look', name: 'look', arguments: {} } },
      { type: 'tool-call', call: { id: 'hear', name: 'hear', arguments: {} } },
    ]);
  });

  it('may give every piece of a call another id; their index holds them together', async () => {
    const pieces = [
      { index: 0, id: 'a', function: { name: 'look', arguments: '{"at":' } },
      { index: 0, id: 'b', function: { arguments: '"sky"}' } },
    ].map((piece) => event({ tool_calls: [piece] }));
    const { events } = await talk(streaming(...pieces, ending));
    expect(events[0]).toEqual({ type: 'tool-call', call: { id: 'a', name: 'look', arguments: { at: 'sky' } } });
  });

  it('may keep its stream open after the answer has ended', async () => {
    const open =
      (...parts: string[]): Handler =>
      (response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(parts.join(''));
      };
    const silence = { firstTokenMs: 20_000, betweenTokensMs: 150 };
    const end = event({}, { finish_reason: 'stop' });
    for (const parts of [[end], [end, usage]]) {
      const { text, events, failure } = await talk(open(event({ content: 'Hi' }), ...parts), { silence });
      expect([text, failure]).toEqual(['Hi', undefined]);
      expect(events.at(-1)).toMatchObject({ type: 'finish', reason: 'stop' });
    }
  });

  it.each([
    [400, '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'],
    [500, 'tools param requires --jinja flag'],
    [400, 'registry.ollama.ai/library/gemma:2b does not support tools'],
  ])('is asked once more without tools when it cannot call any (%i %s)', async (status, words) => {
    const asked: boolean[] = [];
    const tools = [{ name: 'look', description: 'Looks', parameters: { type: 'object', properties: {} } }];
    const { text } = await talk(
      (response, { body }) => {
        const hasTools = 'tools' in (JSON.parse(body) as object);
        asked.push(hasTools);
        if (hasTools) response.writeHead(status, { 'content-type': 'application/json' }).end(refusal(words));
        else response.end(event({ content: 'Hi' }) + ending);
      },
      { tools },
    );
    expect([text, asked]).toEqual(['Hi', [true, false]]);
  });

  it('may have a model that writes broken arguments: a problem of the call, never a guess', async () => {
    const call = { index: 0, id: 'a', function: { name: 'look', arguments: '{"at":"sk' } };
    const { events } = await talk(streaming(event({ tool_calls: [call] }), ending));
    expect(events[0]).toEqual({
      type: 'tool-call',
      call: { id: 'a', name: 'look', arguments: {}, problem: expect.stringContaining('no JSON') },
    });
  });

  it('is asked once more without what it does not know about thinking, and only once', async () => {
    const asked: boolean[] = [];
    const { text } = await talk((response, { body }) => {
      const isStrange = 'chat_template_kwargs' in (JSON.parse(body) as object);
      asked.push(isStrange);
      if (isStrange) response.writeHead(400).end(refusal('Unrecognized request argument: chat_template_kwargs'));
      else response.end(event({ content: 'Hi' }) + ending);
    });
    expect([text, asked]).toEqual(['Hi', [true, false]]);
    const stubborn = await talk(replying(400, refusal('Unrecognized request argument supplied: x')));
    expect(stubborn.failure).toMatchObject({ code: 'MODEL_REFUSED' });
    expect(stubborn.paths.filter((path) => path !== '/v1/models')).toHaveLength(2);
  });

  it('is told each result by the call it belongs to, and gets pictures as data', async () => {
    let sent: { messages: unknown[] } = { messages: [] };
    const call = (id: string) => ({ id, name: 'look', arguments: {} });
    await talk(
      (response, { body }) => {
        sent = JSON.parse(body) as { messages: unknown[] };
        response.end(ending);
      },
      {
        messages: [
          { role: 'user', content: 'see', images: [{ type: 'image/png', base64: 'AAAA' }] },
          { role: 'assistant', content: '', toolCalls: [call('one'), call('two')] },
          { role: 'tool', toolName: 'look', content: '1' },
          { role: 'tool', toolName: 'look', content: '2' },
        ],
      },
    );
    expect(sent.messages[0]).toEqual({
      role: 'user',
      content: [
        { type: 'text', text: 'see' },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
      ],
    });
    expect(sent.messages.slice(2)).toEqual([
      { role: 'tool', content: '1', tool_call_id: 'one' },
      { role: 'tool', content: '2', tool_call_id: 'two' },
    ]);
  });

  it('gets no key where there is none, and a password of its address as a header', async () => {
    const headers: (string | undefined)[] = [];
    await using server = await startFakeServer((response) => {
      headers.push(response.req.headers.authorization);
      response.setHeader('content-type', 'application/json').end(listed);
    });
    await createOpenai({ url: server.url }).ping(signal);
    await createOpenai({ url: server.url, key: 'sk-1' }).ping(signal);
    await createOpenai({ url: server.url.replace('//', '//owner:s3cret@') }).ping(signal);
    expect(headers).toEqual([undefined, 'Bearer sk-1', `Basic ${Buffer.from('owner:s3cret').toString('base64')}`]);
  });

  it('may be silent over a long prompt for longer while it answers other questions', async () => {
    let begin: (() => void) | undefined;
    let looks = 0;
    await using server = await startFakeServer((response, request) => {
      const isChat = request.path === '/v1/chat/completions';
      if (isChat) begin = () => void streaming(event({ content: 'Hi' }), ending)(response, request);
      else void replying(200, listed)(response, request);
      if (begin !== undefined && (looks += 1) === 3) begin();
    });
    const model = createOpenai({ url: `${server.url}/v1`, silence: hasty });
    const request = { ...saying('word '.repeat(4000)), model: 'talos-test' };
    expect(textOf(await collect(model.chat(request, signal)))).toBe('Hi');
  });
});
