import { z } from 'zod';

import { busiestFirst, GpuReport } from '../domain/gpu/report.ts';
import type { GpuBoard } from '../domain/gpu/ports.ts';
import type { RedisConnections } from './redis.ts';

/** How often a worker says that it is still there, and after how long without that it counts as gone. */
const beatMs = 10_000;
const goneMs = 30_000;

const Told = z.object({ at: z.int(), report: GpuReport });

type BoardOptions = { readonly redis: RedisConnections; readonly worker: string; readonly now?: () => number };

/** What GPUs do, in Redis. A worker writes when something changes, and every ten seconds that it is still so. */
export function createGpuBoard({ redis, worker, now = Date.now }: BoardOptions): GpuBoard {
  const { keys, call } = redis;
  let latest: GpuReport | undefined;
  let timer: NodeJS.Timeout | undefined;
  let last = Promise.resolve();

  function write(): void {
    const told = JSON.stringify({ at: now(), report: latest });
    const send = () => call((c) => c.multi().hset(keys.gpu, worker, told).pexpire(keys.gpu, goneMs).exec());
    last = last.then(send).then(
      () => undefined,
      () => undefined, // the next beat tells it
    );
  }

  return {
    publish(report) {
      latest = report;
      write();
      timer ??= setInterval(write, beatMs).unref();
    },

    async reports() {
      const fields = await call((c) => c.hvals(keys.gpu));
      const told = fields.map((field) => Told.safeParse(tryJson(field))).flatMap(({ data }) => data ?? []);
      return busiestFirst(told.filter(({ at }) => now() - at < goneMs).map(({ report }) => report));
    },

    async close() {
      clearInterval(timer);
      if (latest === undefined) return;
      await last;
      await call((c) => c.hdel(keys.gpu, worker)).catch(() => undefined); // it is forgotten soon in any case
    },
  };
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // no report
  }
}
