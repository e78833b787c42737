import { randomUUID } from 'node:crypto';

import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createHome, type TestHome } from '../support/home.ts';

describe('a streamed answer of the real model', () => {
  let home: TestHome;
  let authorization = '';
  beforeAll(async () => {
    home = await createHome({ QWEN_CONTEXT_LENGTH: '65536', QWEN_MAX_TOKENS: '32768' });
    await home.talos('up', '--detach');
    authorization = await home.authorization();
  });
  afterAll(() => home.remove());

  it('comes piece by piece, and can be taken up again after the last event seen', async () => {
    const ref = { conversation: 'stream', key: randomUUID() };
    const all = await collect(await send('tell me a story', ref), () => false);
    const texts = all.filter(({ event }) => event === 'text-delta');
    expect(all.at(-1)?.event).toBe('done');
    expect(texts.length).toBeGreaterThan(0);
    const seen = texts[0]?.id ?? '';
    const rest = await collect(await follow(ref, seen), () => false);
    const place = all.findIndex(({ id }) => id === seen);
    expect(rest.map(({ id }) => id)).toEqual(all.slice(place + 1).map(({ id }) => id));
  });

  it('is stopped by DELETE: the model is free at once and the partial text is kept', async () => {
    const ref = { conversation: 'stop', key: randomUUID() };
    const stream = await send('forever', ref);
    await collect(stream, ({ event }) => event === 'text-delta');
    const url = `${home.url}/chat/${ref.conversation}.${ref.key}`;
    expect((await fetch(url, { method: 'DELETE', headers: { authorization } })).status).toBe(202);
    await collect(await follow(ref, ''), ({ event }) => event === 'done');
    const reply = (await (await fetch(url, { headers: { authorization } })).json()) as {
      state: string;
      response: string;
    };
    expect(reply.state).toBe('stopped');
    expect(reply.response.length).toBeGreaterThan(0);
    expect((await home.chat('hello')).body).toMatchObject({ state: 'answered' });
  });

  it('goes on when its reader has gone', async () => {
    const ref = { conversation: 'gone', key: randomUUID() };
    const reader = new AbortController();
    await collect(await send('tell me a story', ref, reader.signal), ({ event }) => event !== 'done').catch(
      () => undefined,
    ); // the abort below
    reader.abort();
    await collect(await follow(ref, ''), ({ event }) => event === 'done');
    const again = await home.chat('tell me a story', ref);
    expect(again.body).toMatchObject({ state: 'answered' });
  });

  type Ref = { conversation: string; key: string };

  function send(message: string, { conversation, key }: Ref, signal?: AbortSignal): Promise<Response> {
    return fetch(`${home.url}/chat`, {
      method: 'POST',
      headers: {
        authorization,
        accept: 'text/event-stream',
        'content-type': 'application/json',
        'idempotency-key': key,
      },
      body: JSON.stringify({ message, conversation }),
      ...(signal && { signal }),
    });
  }

  function follow({ conversation, key }: Ref, lastId: string): Promise<Response> {
    const headers = { authorization, accept: 'text/event-stream', ...(lastId !== '' && { 'last-event-id': lastId }) };
    return fetch(`${home.url}/chat/${conversation}.${key}/events`, { headers });
  }
});

/** The events of our stream, until one is the last one wanted or the stream ends. */
async function collect(
  response: Response,
  isLast: (event: EventSourceMessage) => boolean,
): Promise<EventSourceMessage[]> {
  expect(response.status).toBe(200);
  const events: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (event) => void (event.event !== 'message' && events.push(event)) });
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    parser.feed(decoder.decode(chunk as Uint8Array, { stream: true }));
    if (events.some(isLast)) break;
  }
  return events;
}
