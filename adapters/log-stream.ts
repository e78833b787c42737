import { z } from 'zod';

import { LogLine } from '../domain/log.ts';
import type { LogStream } from '../domain/ports.ts';
import { follow, type Page } from './follow.ts';
import type { RedisConnections } from './redis.ts';
import { streamStart } from './stream-id.ts';

/** Lines kept for those who look later. */
export const mostLogLines = 2000;

const pageSize = 500;

const Entries = z.array(z.tuple([z.string(), z.tuple([z.literal('line'), z.string()])]));
type Entries = z.infer<typeof Entries>;

/** Log lines in one Redis Stream. The files keep every line; here a line is dropped rather than waited for. */
export function createLogStream(redis: RedisConnections): LogStream {
  const { commands, keys, wakeUps } = redis;
  /** Lines on their way to Redis; when it cannot keep up, further ones are dropped. */
  let underway = 0;

  async function send(line: LogLine): Promise<void> {
    underway += 1;
    try {
      const entry = JSON.stringify(line);
      await commands
        .pipeline()
        .xadd(keys.logs, 'MAXLEN', '~', mostLogLines, '*', 'line', entry)
        .publish(keys.wakeUps, keys.logs)
        .exec();
    } catch {
      // Redis went away or is full, or the line is no JSON: a log line must never fail who writes it
    } finally {
      underway -= 1;
    }
  }

  /** The newest entries with an id up to `last`, newest first. */
  async function newest(last: string): Promise<Entries> {
    return Entries.parse(await redis.call((c) => c.xrevrange(keys.logs, last, '-', 'COUNT', pageSize)));
  }

  async function backfill({ backfill: wanted, accepts }: Backfill): Promise<{ lines: LogLine[]; position: string }> {
    let page = await newest('+');
    const position = page[0]?.[0] ?? streamStart;
    const lines = toLines(page).filter(accepts);
    while (page.length === pageSize && lines.length < wanted) {
      page = await newest(page.at(-1)?.[0] ?? streamStart);
      // The first of this page is the last of the one before.
      lines.push(...toLines(page.slice(1)).filter(accepts));
    }
    return { lines: lines.slice(0, wanted).reverse(), position };
  }

  async function read(position: string): Promise<Entries> {
    const reply = await redis.call((c) => c.xread('COUNT', pageSize, 'STREAMS', keys.logs, position));
    return Entries.parse(reply?.[0]?.[1] ?? []);
  }

  return {
    append(line) {
      if (commands.status === 'ready' && underway < mostLogLines) void send(line);
    },

    async *follow({ signal, accepts, ...wanted }) {
      const watch = await wakeUps.watch(keys.logs);
      let position: string | undefined;
      const next = async (): Promise<Page<LogLine>> => {
        if (position === undefined) {
          const past = await backfill({ accepts, ...wanted });
          position = past.position;
          return { items: past.lines, more: true };
        }
        const entries = await read(position);
        position = entries.at(-1)?.[0] ?? position;
        return { items: toLines(entries).filter(accepts), more: entries.length === pageSize };
      };
      yield* follow({ watch, signal, read: next });
    },
  };
}

type Backfill = { readonly backfill: number; readonly accepts: (line: LogLine) => boolean };

/** Lines as they were written; what another program put there is left out. */
function toLines(entries: Entries): LogLine[] {
  return entries.flatMap(([, [, json]]) => {
    const line = LogLine.safeParse(parseJson(json));
    return line.success ? [line.data] : [];
  });
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined; // the schema refuses it
  }
}
