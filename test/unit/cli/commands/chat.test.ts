import { readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { PassThrough, Readable } from 'node:stream';

import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';

import { addChatCommand } from '../../../../cli/commands/chat.ts';
import { answering, replyTo } from './chat-answers.ts';
import { createHome, type Handle, replyJson, serveApi, sse } from './harness.ts';

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

const serve = async (handle: Handle) => (api = await serveApi(home.socket, handle));
const chat = (words: string[], options: Parameters<typeof home.run>[2] = {}) =>
  home.run(addChatCommand, ['chat', ...words], options);

function startStream(response: ServerResponse, ...texts: string[]): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const [index, text] of texts.entries()) response.write(sse(`1-${index}`, { type: 'text-delta', text }));
}

describe('talos chat', () => {
  it('streams the answer of one message', async () => {
    const { seen } = await serve(answering(['Hello', ' there']));
    expect(await chat(['hello', 'you'])).toMatchObject({ code: 0, stdout: 'Hello there\n', stderr: '' });
    const [sent] = seen;
    expect(sent).toMatchObject({ method: 'POST', path: '/chat', headers: { accept: 'text/event-stream' } });
    expect(sent?.headers['idempotency-key']).toMatch(/^[\w-]{36}$/);
    expect(JSON.parse(sent?.body ?? '')).toEqual({ message: 'hello you', conversation: expect.any(String) });
  });

  it('tells what may take so long when no word comes, and nothing of it after the first one', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const answer = answering(['Hello there']);
    const late: Handle = (request, response) => {
      if (request.method === 'POST') vi.advanceTimersByTime(30_000);
      return answer(request, response);
    };
    await serve(late);
    const { stdout, stderr } = await chat(['hello']);
    expect({ stdout, stderr }).toEqual({
      stdout: 'Hello there\n',
      stderr: expect.stringMatching(/^No word yet: .*\n$/),
    });
    expect(vi.getTimerCount()).toBe(0);
    expect(await chat(['--json', 'hello'])).toMatchObject({ stderr: '' });
  });

  it('keeps the conversation, until a new one is asked for', async () => {
    const { seen } = await serve(answering(['x']));
    for (const words of [['a'], ['b'], ['--new', 'c'], ['d'], ['--conversation', 'kitchen', 'e'], ['f']])
      await chat(words);
    const posts = seen.filter(({ method }) => method === 'POST');
    const [a, b, c, d, e, f] = posts.map(({ body }) => (JSON.parse(body) as { conversation: string }).conversation);
    expect([a === b, b === c, c === d, e, f]).toEqual([true, false, true, 'kitchen', 'kitchen']);
    expect(await readFile(`${home.dir}/run/chat-conversation`, 'utf8')).toBe('kitchen\n');
  });

  it('refuses a conversation that cannot be one', async () => {
    expect(await chat(['--conversation', 'a b', 'hello'])).toMatchObject({ code: 64, stdout: '' });
  });

  it('reads the message from a pipe', async () => {
    const { seen } = await serve(answering(['x']));
    await chat([], { input: Readable.from(['line one\n', 'line two\n']) });
    expect(JSON.parse(seen[0]?.body ?? '')).toMatchObject({ message: 'line one\nline two' });
    expect(await chat([], { input: Readable.from(['\n']) })).toMatchObject({ code: 64 });
    const latin1 = Readable.from([Buffer.from('Bücher', 'latin1')]);
    const refused = { code: 64, stderr: expect.stringContaining('not UTF-8') };
    expect(await chat([], { input: latin1 })).toMatchObject(refused);
  });

  it('prints the whole reply as JSON', async () => {
    await serve(answering(['Hello'], { model: 'talos-test' }));
    const { stdout } = await chat(['--json', 'hello']);
    expect(JSON.parse(stdout)).toMatchObject({ state: 'answered', response: 'Hello there', model: 'talos-test' });
  });

  it('prints a notice apart from the answer', async () => {
    await serve(answering(['Hello'], { notice: 'The built-in test model answered.' }));
    expect(await chat(['hello'])).toMatchObject({ stdout: 'Hello\n', stderr: 'The built-in test model answered.\n' });
  });

  const facts = {
    route: 'local',
    routeReason: 'local-first',
    model: 'talos-test',
    usage: { promptTokens: 12, outputTokens: 3 },
    modelMs: 1234,
    context: { window: 100, system: 5, tools: 0, memory: 0, history: 2, message: 3 },
  };
  const footer =
    'local (local-first) · talos-test · 12 tokens in, 3 out · 1.2 s · context 10 % (system 5, history 2, message 3)';

  it('tells where the answer came from on a terminal, standing back, and elsewhere when asked', async () => {
    await serve(answering(['Hello'], facts));
    expect(await chat(['hello'])).toMatchObject({ stderr: '' });
    expect(await chat(['--verbose', 'hello'])).toMatchObject({ stdout: 'Hello\n', stderr: `${footer}\n` });
    const { stderr } = await chat(['hello'], { isTerminal: true });
    expect(stderr).toBe(`(${footer})\n`);
  });

  it.each(['local', 'cloud'])('asks for the %s route', async (route) => {
    const { seen } = await serve(answering(['Hello']));
    await chat([`--${route}`, 'hello']);
    expect(JSON.parse(seen[0]?.body ?? '')).toMatchObject({ message: 'hello', route });
  });

  it.each([[['--local', '--cloud']], [['--new', '--conversation', 'kitchen']]])('refuses %j at once', async (both) => {
    const { seen } = await serve(answering(['Hello']));
    expect((await chat([...both, 'hello'])).code).toBe(64);
    expect(seen).toEqual([]);
  });

  it('prints an answer that was already there', async () => {
    await serve(answering([]));
    expect(await chat(['hello'])).toMatchObject({ code: 0, stdout: 'Hello there\n' });
  });

  it('goes on after the last event when the connection breaks', async () => {
    const { seen } = await serve((request, response) => {
      if (request.path.endsWith('/events')) {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.end(
          sse('2-0', { type: 'text-delta', text: ' there' }) + sse('3-0', { type: 'done', state: 'answered' }),
        );
      } else if (request.method === 'GET') replyJson(response, 200, replyTo(request));
      else {
        startStream(response, 'Hel', 'lo');
        setImmediate(() => response.destroy());
      }
    });
    expect(await chat(['hello'])).toMatchObject({ code: 0, stdout: 'Hello there\n' });
    expect(seen[1]?.headers['last-event-id']).toBe('1-1');
  });

  it('goes on when the store is away for a moment after the connection broke', async () => {
    let asked = 0;
    await serve((request, response) => {
      if (request.path.endsWith('/events')) {
        asked += 1;
        const code = 'STORE_UNAVAILABLE';
        if (asked === 1) return replyJson(response, 503, { code, title: 'away', detail: 'Redis does not answer' });
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.end(sse('3-0', { type: 'done', state: 'answered' }));
      } else if (request.method === 'GET') replyJson(response, 200, replyTo(request));
      else {
        startStream(response, 'Hello there');
        response.end();
      }
    });
    expect(await chat(['hello'])).toMatchObject({ code: 0, stdout: 'Hello there\n' });
    expect(asked).toBe(2);
  });

  it('sends the same message once more when Talos is killed before the first event', async () => {
    let posts = 0;
    const { seen } = await serve((request, response) => {
      if (request.method === 'GET') return replyJson(response, 200, replyTo(request));
      posts += 1;
      if (posts === 1) return response.destroy();
      startStream(response);
      if (posts === 2) return response.write('event: message\ndata: {}\n\n', () => response.destroy());
      response.end(sse('3-0', { type: 'done', state: 'answered' }));
    });
    const stderr = 'The connection broke; trying again.\n'; // once, however often it has to be tried
    expect(await chat(['hello'])).toMatchObject({ code: 0, stdout: 'Hello there\n', stderr });
    const sent = seen.filter(({ method }) => method === 'POST');
    expect(sent).toHaveLength(3);
    expect(new Set(sent.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
  });

  it('shows where an answer starts again', async () => {
    await serve((request, response) => {
      if (request.method === 'GET') return replyJson(response, 200, replyTo(request));
      startStream(response, 'half an ans');
      response.write(sse('2-0', { type: 'attempt-start', attempt: 2 }));
      response.write(sse('2-1', { type: 'text-delta', text: 'Hello' }));
      response.end(sse('3-0', { type: 'done', state: 'answered' }));
    });
    expect((await chat(['hello'])).said).toBe('half an ans\nThe answer starts again (attempt 2).\nHello\n');
  });

  it('stops the answer on Ctrl-C and says so', async () => {
    const interruption = new AbortController();
    let streaming: ServerResponse | undefined;
    const { seen } = await serve((request, response) => {
      if (request.method === 'POST') {
        startStream(response, 'Hel');
        streaming = response;
        interruption.abort();
      } else if (request.method === 'DELETE') {
        response.writeHead(202).end();
        streaming?.end(sse('2-0', { type: 'done', state: 'stopped' }));
      } else replyJson(response, 200, replyTo(request, { state: 'stopped', response: 'Hel' }));
    });
    const { code, stdout, stderr } = await chat(['hello'], { interrupted: interruption.signal });
    expect({ code, stdout }).toEqual({ code: 75, stdout: 'Hel\n' });
    expect(stderr).toContain('MESSAGE_STOPPED');
    expect(seen.map(({ method }) => method)).toContain('DELETE');
  });

  it('does not wait for an answer it could not stop', async () => {
    const interruption = new AbortController();
    await serve((request, response) => {
      if (request.method === 'DELETE') return replyJson(response, 500, {});
      startStream(response, 'Hel');
      interruption.abort();
    });
    expect(await chat(['hello'], { interrupted: interruption.signal })).toMatchObject({ code: 75, stdout: 'Hel\n' });
  });

  it('takes an answer in one piece for a message that had ended', async () => {
    await serve((request, response) => replyJson(response, 200, replyTo({ ...request, path: '/chat/a.b' })));
    expect(await chat(['hello'])).toMatchObject({ code: 0, stdout: 'Hello there\n' });
  });

  it('ends with the code of what went wrong', async () => {
    const error = { code: 'MODEL_MISSING', message: 'The model is not installed.' };
    await serve(answering(['par'], { state: 'failed', response: 'par', error }));
    expect(await chat(['hello'])).toMatchObject({ code: 69, stderr: 'MODEL_MISSING: The model is not installed.\n' });
  });

  it('tells a problem of the API in its words', async () => {
    await serve((_request, response) =>
      replyJson(response, 423, {
        type: 'about:blank',
        status: 423,
        code: 'LOCKDOWN',
        title: 'x',
        detail: 'Talos is locked down.',
      }),
    );
    expect(await chat(['hello'])).toMatchObject({ code: 77, stderr: 'LOCKDOWN: Talos is locked down.\n' });
  });

  it('says how to start Talos when it is not running', async () => {
    const { code, stderr } = await chat(['hello']);
    expect({ code, stderr }).toEqual({
      code: 69,
      stderr: 'NOT_RUNNING: Talos is not running; start it with: ./talos up\n',
    });
  });

  it('lets no control characters of an answer reach a terminal', async () => {
    await serve(answering(['a\u001b]0;owned\u0007b\r\nc\td\u202e']));
    expect((await chat(['x'], { isTerminal: true })).stdout).toBe('a\ufffd]0;owned\ufffdb\nc\td\ufffd\n');
  });

  it('asks for messages on a terminal until the input ends, and survives one that fails', async () => {
    let count = 0;
    const { seen } = await serve((request, response) => {
      if (request.method === 'POST' && (count += 1) === 1)
        return replyJson(response, 503, { code: 'STORE_UNAVAILABLE', title: 'no' });
      answering([`answer ${count}`])(request, response);
    });
    const input = Object.assign(new PassThrough(), { isTTY: true });
    input.end('first\n\nsecond\n');
    const { code, stdout, stderr } = await chat([], { input });
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'answer 2\n' });
    expect(stderr).toContain('STORE_UNAVAILABLE: no');
    expect(seen.filter(({ method }) => method === 'POST')).toHaveLength(2);
  });
});
