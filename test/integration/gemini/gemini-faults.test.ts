import { createServer } from 'node:http';

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { type FakeAnswer, type FakeGemini, startFakeGemini } from '../../support/fake-gemini.ts';
import { collect, createTestCloud, key, saying, unheard } from './support.ts';

let fake: FakeGemini;
beforeAll(async () => {
  fake = await startFakeGemini();
});
afterEach(() => fake.reset());
afterAll(() => fake[Symbol.asyncDispose]());

const signal = AbortSignal.timeout(60_000);
const quota: FakeAnswer = { kind: 'status', status: 429, message: 'Quota exceeded.' };

function cloudHere(change: Parameters<typeof createTestCloud>[0] = {}) {
  const made = createTestCloud({ url: fake.url, ...change });
  const ask = (text = 'hello', rest = {}) => collect(made.cloud.chat(saying(text, rest), signal, unheard));
  const use = async () => {
    const state = await made.cloud.state();
    return state.kind === 'not-configured' ? 0 : state.tokensUsed;
  };
  return { ...made, ask, use };
}

/** How many failures the breaker has heard of. */
async function failures({ breaker }: ReturnType<typeof cloudHere>): Promise<number> {
  const current = await breaker.current();
  return current.kind === 'closed' ? current.failures.length : 5;
}

describe('Gemini that answers', () => {
  it('says which model answers, then streams, then tells the cost, which is booked', async () => {
    fake.script([{ kind: 'text', pieces: ['Good ', 'day.'], usage: { prompt: 11, output: 4, thoughts: 6 } }]);
    const cloud = cloudHere();
    const { events } = await cloud.ask();
    expect(events).toEqual([
      { type: 'start', model: 'first' },
      { type: 'text-delta', text: 'Good ' },
      { type: 'text-delta', text: 'day.' },
      { type: 'finish', reason: 'stop', promptTokens: 11, outputTokens: 10 },
    ]);
    expect(await cloud.use()).toBe(21);
    expect(fake.requests[0]).toMatchObject({ model: 'first', key });
  });

  it('tells thoughts apart from the answer, and is asked for them only to think', async () => {
    fake.script([{ kind: 'text', pieces: ['Yes.'], thoughts: ['Hm.'] }]);
    const { events } = await cloudHere().ask('hello', { think: true });
    expect(events[1]).toEqual({ type: 'reasoning-delta', text: 'Hm.' });
    await cloudHere().ask('hello');
    const [thinking, brisk] = fake.requests.map(({ body }) => body.includes('includeThoughts'));
    expect([thinking, brisk]).toEqual([true, false]);
  });

  it('is sent system prompt, roles and limits in its own words, and no tools', async () => {
    const messages = [
      { role: 'system', content: 'Be kind.' },
      { role: 'user', content: 'one' },
      { role: 'assistant', content: 'two' },
      { role: 'tool', content: 'a result', toolName: 'x' },
      { role: 'user', content: 'half \uD83D character' },
    ] as const;
    await cloudHere().ask('', { messages, maxOutputTokens: 77, temperature: 0.3, format: { type: 'object' } });
    expect(JSON.parse(fake.requests[0]?.body ?? '')).toEqual({
      systemInstruction: { role: 'user', parts: [{ text: 'Be kind.' }] },
      contents: [
        { role: 'user', parts: [{ text: 'one' }] },
        { role: 'model', parts: [{ text: 'two' }] },
        { role: 'user', parts: [{ text: 'a result' }, { text: 'half \uFFFD character' }] },
      ],
      generationConfig: {
        maxOutputTokens: 77,
        temperature: 0.3,
        responseMimeType: 'application/json',
        responseJsonSchema: { type: 'object' },
      },
    });
  });

  it('never sees an image: the request is refused before anything is sent', async () => {
    const images = [{ type: 'image/png', base64: 'iVBORw0KGgo=' }] as const;
    const cloud = cloudHere();
    const { error } = await cloud.ask('', { messages: [{ role: 'user', content: 'see', images }] });
    expect(error).toMatchObject({ code: 'CLOUD_REFUSED', details: { reason: 'image' } });
    expect(fake.requests).toHaveLength(0);
    expect(await failures(cloud)).toBe(0);
  });

  it('has characters that came in two halves joined, and halves that stay alone replaced', async () => {
    fake.script([{ kind: 'text', pieces: ['\uD83D', '\uDE00 ok \uDE00', ' end \uD83D'] }]);
    expect((await cloudHere().ask()).text).toBe('😀 ok \uFFFD end \uFFFD');
  });

  it('has bytes that are no UTF-8 replaced', async () => {
    const [before, after] = [
      'data: {"candidates":[{"content":{"parts":[{"text":"a',
      'b"}]},"finishReason":"STOP"}]}\n\n',
    ];
    const bytes = Buffer.concat([Buffer.from(before ?? ''), Buffer.from([0xff, 0xfe]), Buffer.from(after ?? '')]);
    fake.script([{ kind: 'raw', base64: bytes.toString('base64') }]);
    expect((await cloudHere().ask()).text).toBe('a\uFFFD\uFFFDb');
  });
});

describe('Gemini that does not answer', () => {
  it('over quota is stood in for by the second model, which counts as an answer', async () => {
    fake.script([quota], 'first');
    const cloud = cloudHere();
    const { events, text } = await cloud.ask();
    expect(events[0]).toEqual({ type: 'start', model: 'second' });
    expect(text).toBe('Hello from the built-in test model.');
    expect(await failures(cloud)).toBe(0);
  });

  it('over quota with both models is one failure, and says how long to wait', async () => {
    fake.script([{ ...quota, retryDelay: '7s' }, quota]);
    const cloud = cloudHere();
    const { error, events } = await cloud.ask();
    expect(error).toMatchObject({ code: 'CLOUD_UNAVAILABLE', details: { reason: 'quota', retryAfterMs: 7000 } });
    expect(events).toEqual([]);
    expect(fake.requests.map(({ model }) => model)).toEqual(['first', 'second']);
    expect(await failures(cloud)).toBe(1);
    expect(await cloud.use()).toBe(0);
  });

  it('over quota, with a second model that is gone, says both', async () => {
    fake.script([quota], 'first');
    fake.script([{ kind: 'status', status: 404 }], 'second');
    const { error } = await cloudHere().ask();
    expect(error).toMatchObject({
      code: 'CLOUD_UNAVAILABLE',
      message: expect.stringContaining('GEMINI_FALLBACK_MODEL'),
    });
  });

  it.each([
    ['in the header', { retryAfter: '12' }, { retryAfterMs: 12_000 }],
    ['for longer than anybody waits', { retryDelay: '3600s' }, { retryAfterMs: 3_600_000, final: true }],
    ['not at all', {}, {}],
  ])('asks to be left alone %s', async (_, rest, details) => {
    fake.always({ ...quota, ...rest });
    const { error } = await cloudHere({ settings: { fallbackModel: 'first' } }).ask();
    expect(error?.details).toEqual({ reason: 'quota', host: expect.any(String), model: 'first', ...details });
    expect(fake.requests).toHaveLength(1);
  });

  it.each([500, 502, 503, 504])('with status %i is a failure, and is not asked twice', async (status) => {
    fake.script([{ kind: 'status', status }]);
    const cloud = cloudHere();
    const { error } = await cloud.ask();
    expect(error).toMatchObject({ code: 'CLOUD_UNAVAILABLE', details: { reason: 'outage' } });
    expect(fake.requests).toHaveLength(1);
    expect(await failures(cloud)).toBe(1);
    expect(await cloud.use()).toBe(0);
  });

  it('behind a proxy that shows a page is a failure', async () => {
    fake.script([{ kind: 'status', status: 502, body: '<html>secret page</html>' }]);
    const { error } = await cloudHere().ask();
    expect(error).toMatchObject({ code: 'CLOUD_UNAVAILABLE', message: expect.not.stringContaining('secret') });
  });

  it.each([
    ['before the first word', { kind: 'hang' } as const, ''],
    ['in the middle', { kind: 'hang', afterPieces: 2 } as const, 'and on '],
  ])('that keeps silent %s is given up', async (_, answer, said) => {
    fake.script([answer]);
    const cloud = cloudHere({ timeoutMs: 300 });
    const { error, text } = await cloud.ask();
    expect(error).toMatchObject({ code: 'CLOUD_UNAVAILABLE', details: { reason: 'silent' } });
    expect(text.startsWith(said)).toBe(true);
    expect(await failures(cloud)).toBe(1);
    expect(await cloud.use()).toBeGreaterThan(0);
    await expect.poll(() => fake.requests[0]?.wasLeft).toBe(true);
  });

  it('that nobody can reach is a failure that cost nothing', async () => {
    const cloud = cloudHere({ url: 'http://127.0.0.1:9' });
    expect((await cloud.ask()).error).toMatchObject({ code: 'CLOUD_UNAVAILABLE', details: { reason: 'unreachable' } });
    expect(await failures(cloud)).toBe(1);
    expect(await cloud.use()).toBe(0);
  });

  it.each([
    ['breaks off', { kind: 'cut', afterPieces: 3 }, 'cut-off'],
    [
      'ends without an end',
      { kind: 'raw', text: 'data: {"candidates":[{"content":{"parts":[{"text":"secret"}]}}]}\n\n' },
      'cut-off',
    ],
    [
      'ends within a piece',
      { kind: 'raw', text: 'data: {"candidates":[{"content":{"parts":[{"text":"secret' },
      'cut-off',
    ],
    ['is no JSON', { kind: 'raw', text: 'data: secret, but no JSON\n\n' }, 'malformed'],
    ['has another shape', { kind: 'raw', text: 'data: {"candidates":"secret"}\n\n' }, 'malformed'],
    ['is empty', { kind: 'raw', text: '' }, 'cut-off'],
    ['holds an error', { kind: 'late-error', status: 503 }, 'outage'],
    ['runs into the quota', { kind: 'late-error', status: 429 }, 'quota'],
  ] as const)('whose stream %s is a failure, and nothing of it is quoted', async (_, answer, reason) => {
    fake.script([answer]);
    const cloud = cloudHere();
    const { error } = await cloud.ask();
    expect(error).toMatchObject({ code: 'CLOUD_UNAVAILABLE', details: { reason } });
    expect(error?.message).not.toContain('secret');
    expect(fake.requests).toHaveLength(1);
    expect(await failures(cloud)).toBe(1);
  });

  it('that wants to send us elsewhere is not followed, for the key would go along', async () => {
    let visits = 0;
    const elsewhere = createServer((_request, response) => {
      visits += 1;
      response.end();
    });
    const door = createServer((_request, response) => {
      const address = elsewhere.address();
      const port = typeof address === 'object' ? address?.port : undefined;
      response.writeHead(307, { location: `http://127.0.0.1:${port}/` }).end();
    });
    for (const server of [elsewhere, door]) await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const address = door.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const { error } = await cloudHere({ url: `http://127.0.0.1:${port}` }).ask();
    expect(error).toMatchObject({ code: 'CLOUD_UNAVAILABLE', message: expect.stringContaining('GEMINI_BASE_URL') });
    expect(visits).toBe(0);
    for (const server of [elsewhere, door]) server.closeAllConnections();
    for (const server of [elsewhere, door]) await new Promise((done) => server.close(done));
  });
});

describe('Gemini that refuses', () => {
  it.each([
    ['a wrong key', { kind: 'status', status: 400, reason: 'API_KEY_INVALID' }, 'GEMINI_API_KEY'],
    ['a key without rights', { kind: 'status', status: 403 }, 'GEMINI_API_KEY'],
    ['a model that is gone', { kind: 'status', status: 404 }, 'GEMINI_MODEL'],
  ] as const)('%s names the setting and is no failure of the cloud', async (_, answer, field) => {
    fake.script([answer]);
    const cloud = cloudHere();
    const { error } = await cloud.ask();
    expect(error).toMatchObject({ code: 'CLOUD_REFUSED', details: { field }, message: expect.stringContaining(field) });
    expect(await failures(cloud)).toBe(0);
    expect(await cloud.use()).toBe(0);
  });

  it.each([
    ['nothing', { pieces: [] }, 'answered nothing'],
    ['blanks', { pieces: [' ', '\n'] }, 'answered nothing'],
    ['nothing and tells no cost', { pieces: [], finish: 'STOP' }, 'answered nothing'],
    ['only thoughts', { pieces: [], thoughts: ['Well, '], finish: 'MAX_TOKENS' }, 'GEMINI_MAX_TOKENS'],
  ])('by saying %s has given no answer, which is no failure of the cloud and is paid for', async (_, answer, said) => {
    fake.script([{ kind: 'text', ...answer }]);
    const cloud = cloudHere();
    const { error, events } = await cloud.ask();
    expect(error).toMatchObject({ code: 'CLOUD_REFUSED', details: { reason: 'empty' } });
    expect(error?.message).toContain(said);
    expect(events.some(({ type }) => type === 'finish')).toBe(false);
    expect(await failures(cloud)).toBe(0);
    expect(await cloud.use()).toBeGreaterThan(0);
  });

  it('a request of ours never opens the breaker', async () => {
    fake.always({ kind: 'status', status: 400, message: 'contents is empty' });
    const cloud = cloudHere();
    for (let i = 0; i < 8; i += 1) expect((await cloud.ask()).error?.code).toBe('CLOUD_REFUSED');
    expect(await failures(cloud)).toBe(0);
  });

  it.each([
    ['prompt', 'PROHIBITED_CONTENT', ''],
    ['answer', 'SAFETY', 'This is how '],
    ['answer', 'RECITATION', 'This is how '],
  ] as const)('by blocking the %s for %s says why, and never what was said', async (where, reason, said) => {
    fake.script([{ kind: 'block', where, reason }]);
    const cloud = cloudHere();
    const { error, text } = await cloud.ask();
    expect(error).toMatchObject({
      code: 'CLOUD_BLOCKED',
      details: { reason, categories: 'HARM_CATEGORY_DANGEROUS_CONTENT' },
    });
    expect(JSON.stringify([error?.message, error?.details])).not.toContain('This is how');
    expect(text).toBe(said);
    expect(await failures(cloud)).toBe(0);
    expect(await cloud.use()).toBeGreaterThan(0);
  });
});
