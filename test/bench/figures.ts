import { setTimeout as sleep } from 'node:timers/promises';

/** Median and 95th percentile of samples, in their unit. */
export type Figures = { readonly p50: number; readonly p95: number; readonly samples: number };

/** Sorts samples into figures. */
export function figures(samples: readonly number[]): Figures {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { p50: round(at(0.5)), p95: round(at(0.95)), samples: sorted.length };
}

/** Milliseconds with one decimal. */
export function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** A pause in which the work behind an answer ends, so that it does not weigh on the next sample. */
const pauseMs = 200;

/** Times each of `count` calls, one after another with a pause, after `warmUp` calls that do not count; milliseconds. */
export async function sequential(
  count: number,
  warmUp: number,
  call: (index: number) => Promise<unknown>,
): Promise<number[]> {
  const samples: number[] = [];
  for (let index = 0; index < warmUp + count; index += 1) {
    await sleep(pauseMs);
    const startedAt = performance.now();
    await call(index);
    if (index >= warmUp) samples.push(performance.now() - startedAt);
  }
  return samples;
}

/** Calls per second with `inFlight` calls running at any time. */
export async function throughput(total: number, inFlight: number, call: () => Promise<unknown>): Promise<number> {
  let left = total;
  const startedAt = performance.now();
  const lane = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await call();
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  return round(total / ((performance.now() - startedAt) / 1000));
}
