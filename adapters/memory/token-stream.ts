import { messageId, type MessageRef, type StreamEvent } from '../../domain/chat.ts';
import type { StreamEntry, TokenStream } from '../../domain/ports.ts';
import { follow } from '../follow.ts';
import { parseStreamId, streamStart } from '../stream-id.ts';
import { createWatchBoard } from '../watch.ts';

type DoneEvent = Extract<StreamEvent, { type: 'done' }>;
type Stream = { readonly entries: StreamEntry[]; done?: DoneEvent };

/** A token stream that the conversation store beside it can end. */
export type MemoryTokenStream = TokenStream & { finish(ref: MessageRef, done: DoneEvent): void };

/** Live events in memory. The first entry has the id 1-0. */
export function createMemoryTokenStream(): MemoryTokenStream {
  const streams = new Map<string, Stream>();
  const board = createWatchBoard();

  function stream(id: string): Stream {
    const found = streams.get(id) ?? { entries: [] };
    streams.set(id, found);
    return found;
  }

  function add(id: string, event: StreamEvent): void {
    const { entries } = stream(id);
    entries.push({ id: `${entries.length + 1}-0`, event });
    board.wake(id);
  }

  function read(id: string, lastId: string): StreamEntry[] {
    const { entries, done } = stream(id);
    const rest = entries.slice(Number(lastId.split('-')[0]));
    return rest.length === 0 && done !== undefined ? [{ id: lastId, event: done }] : rest;
  }

  return {
    async append(ref, event) {
      const id = messageId(ref);
      if (stream(id).done === undefined) add(id, event);
    },

    async *follow(ref, { lastId, signal }) {
      const id = messageId(ref);
      let position = lastId === undefined ? streamStart : parseStreamId(lastId);
      const next = async () => {
        const items = read(id, position);
        position = items.at(-1)?.id ?? position;
        return { items, more: false };
      };
      for await (const entry of follow({ watch: board.add(id), signal, read: next })) {
        yield entry;
        if (entry.event.type === 'done') return;
      }
    },

    finish(ref, done) {
      const id = messageId(ref);
      add(id, done);
      stream(id).done = done;
    },
  };
}
