import { beforeEach, describe, expect, it } from 'vitest';

import type { LogLine } from '../../domain/log.ts';
import type { LogStream } from '../../domain/ports.ts';
import { take } from '../integration/stores/support.ts';

const line = (message: string, component = 'api'): LogLine => ({ time: 1, level: 'info', component, message });
const numbered = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => line(`${from + index}`, (from + index) % 2 === 0 ? 'even' : 'odd'));

/** What every log stream does; `create` must return an empty one that is ready to take lines. */
export function describeLogStream(name: string, create: () => Promise<LogStream>) {
  describe(name, () => {
    let logs: LogStream;
    const follow = (backfill: number, accepts: (line: LogLine) => boolean = () => true) =>
      logs.follow({ backfill, accepts, signal: AbortSignal.timeout(10_000) });
    const messages = (lines: LogLine[]) => lines.map((one) => one.message);
    const write = (lines: LogLine[]) => lines.forEach((one) => logs.append(one));
    /** Writes at a pace any store can keep; resolves once the last line can be read. */
    const written = async (lines: LogLine[]) => {
      for (let start = 0; start < lines.length; start += 500) await writtenAtOnce(lines.slice(start, start + 500));
    };
    const writtenAtOnce = async (lines: LogLine[]) => {
      const last = lines.at(-1)?.message;
      const reading = take(
        follow(1, (one) => one.message === last),
        1,
      );
      write(lines);
      await reading;
    };

    beforeEach(async () => {
      logs = await create();
    });

    it('gives the newest lines, oldest first', async () => {
      await written(numbered(0, 80));
      expect(messages(await take(follow(50), 50))).toEqual(messages(numbered(30, 80)));
    });

    it('counts only lines that pass, however far back they are', async () => {
      await written([line('first', 'rare'), ...numbered(0, 700), line('last', 'rare'), ...numbered(700, 1400)]);
      const rare = (one: LogLine) => one.component === 'rare';
      expect(messages(await take(follow(2, rare), 2))).toEqual(['first', 'last']);
    });

    it('goes on with what comes, without gap or repetition', async () => {
      await written(numbered(0, 20));
      const read: number[] = [];
      write(numbered(20, 40));
      const lines = follow(5, (one) => one.component === 'even');
      for await (const one of lines) {
        if (read.length === 0) write(numbered(40, 60));
        read.push(Number(one.message));
        if (one.message === '58') break;
      }
      const first = read[0] ?? 0;
      expect(read).toEqual(Array.from({ length: (60 - first) / 2 }, (_, index) => first + 2 * index));
      expect(read.length).toBeGreaterThanOrEqual(5);
    });

    it('gives only what comes when no past is wanted', async () => {
      await written(numbered(0, 20));
      let first: LogLine | undefined;
      const reading = take(follow(0), 1).then(([one]) => {
        first = one;
      });
      while (first === undefined) await written([line('new')]);
      await reading;
      expect(first.message).toBe('new');
    });

    it('keeps further fields and any text', async () => {
      const rich = { ...line('a\u0000b 😀\r\n'), correlationId: 'c.k', count: 3, nested: { list: [1, 'x'] } };
      await written([rich]);
      expect(await take(follow(1), 1)).toEqual([rich]);
    });

    it('keeps the newest lines only', async () => {
      await written(numbered(0, 4000));
      const read = await take(follow(5000), 2000);
      expect(Number(read[0]?.message)).toBeGreaterThan(0);
      expect(read.length).toBe(2000);
    });

    it('never fails its caller, whatever the line is', async () => {
      const circular: Record<string, unknown> = {};
      circular['self'] = circular;
      expect(() =>
        write([
          { ...line('a'), circular },
          { ...line('b'), big: 1n },
        ]),
      ).not.toThrow();
      await written([line('c')]);
      expect(messages(await take(follow(1), 1))).toEqual(['c']);
    });

    it('ends with the signal', async () => {
      const abort = new AbortController();
      const reading = take(logs.follow({ backfill: 5, accepts: () => true, signal: abort.signal }));
      abort.abort();
      expect(await reading).toEqual([]);
    });
  });
}
