import { z } from 'zod';

import { type MessageRef, StreamEvent } from '../domain/chat.ts';
import type { StreamEntry, TokenStream } from '../domain/ports.ts';
import { follow, type Page } from './follow.ts';
import { appendTokenScript, readTokensScript } from './lua/streams.ts';
import type { RedisConnections } from './redis.ts';
import { parseStreamId, streamStart } from './stream-id.ts';

/** How long the stream of an ended message can still be read. */
export const finishedStreamSeconds = 600;

/** Removes what is left of a message that never ends. */
const abandonedStreamSeconds = 86_400;

const mostEntries = 20_000;
const pageSize = 500;

const Event = z.preprocess((json) => (typeof json === 'string' ? JSON.parse(json) : json), StreamEvent);
const ReadReply = z.tuple([
  z.array(z.tuple([z.string(), z.tuple([z.literal('event'), Event])])),
  z.union([z.null(), Event]),
]);

/**
 * Live events in Redis Streams. A follower whose stream has vanished because its message ended long ago gets `done` alone,
 * made from the record; its id is where the follower stood.
 */
export function createTokenStream(redis: RedisConnections): TokenStream {
  const { keys, run, wakeUps } = redis;

  async function read(ref: MessageRef, lastId: string): Promise<Page<StreamEntry>> {
    const streams = { keys: [keys.tokens(ref), keys.message(ref)], args: [lastId, pageSize] };
    const [entries, done] = ReadReply.parse(await run(readTokensScript, streams));
    if (entries.length === 0 && done !== null) return { items: [{ id: lastId, event: done }], more: false };
    return { items: entries.map(([id, [, event]]) => ({ id, event })), more: entries.length === pageSize };
  }

  return {
    async append(ref, event) {
      await run(appendTokenScript, {
        keys: [keys.tokens(ref), keys.message(ref), keys.wakeUps],
        args: [JSON.stringify(event), mostEntries, abandonedStreamSeconds],
      });
    },

    async *follow(ref, { lastId, signal }) {
      let position = lastId === undefined ? streamStart : parseStreamId(lastId);
      const watch = await wakeUps.watch(keys.tokens(ref));
      const next = async () => {
        const page = await read(ref, position);
        position = page.items.at(-1)?.id ?? position;
        return page;
      };
      for await (const entry of follow({ watch, signal, read: next })) {
        yield entry;
        if (entry.event.type === 'done') return;
      }
    },
  };
}
