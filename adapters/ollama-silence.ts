import type { ModelRequest } from '../domain/models/model.ts';
import { readingMs } from '../domain/models/reading.ts';

/**
 * How long the server may keep silent. Before the first token it loads the model and reads the prompt: a long one gives it more time, as
 * long as it answers other questions meanwhile.
 */
export type SilenceLimits = { readonly firstTokenMs: number; readonly betweenTokensMs: number };

/** For a question the server answers from memory, though its processor reads a prompt. */
const busyReplyMs = 15_000;

/** How much longer than one limit a wait may last while `isAlive`, which is asked whenever a limit is over. */
export type Reprieve = { readonly ms: number; readonly isAlive: (signal: AbortSignal) => Promise<boolean> };

const noReprieve: Reprieve = { ms: 0, isAlive: () => Promise.resolve(false) };

/** A signal that aborts with `failure` once a wait lasts too long. `close` aborts it in any case. */
export function watchSilence(failure: Error): {
  readonly signal: AbortSignal;
  wait(limitMs: number, reprieve?: Reprieve): void;
  pause(): void;
  close(): void;
} {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let waits = 0;
  const pause = () => {
    waits += 1;
    clearTimeout(timer);
  };

  function wait(limitMs: number, reprieve = noReprieve): void {
    pause();
    timer = setTimeout(() => void goOn(limitMs, reprieve, waits), limitMs);
  }

  async function goOn(limitMs: number, { ms, isAlive }: Reprieve, asked: number): Promise<void> {
    const isGranted = ms > 0 && (await isAlive(controller.signal).catch(() => false));
    if (asked !== waits) return; // it has spoken meanwhile
    if (isGranted) wait(Math.min(limitMs, ms), { ms: ms - Math.min(limitMs, ms), isAlive });
    else controller.abort(failure);
  }

  return {
    signal: controller.signal,
    wait,
    pause,
    close() {
      pause();
      controller.abort(failure);
    },
  };
}

/** A server may be silent over a prompt for longer than the first limit, while it answers another question. */
export function whileReading(
  request: ModelRequest,
  { firstTokenMs }: SilenceLimits,
  ask: (signal: AbortSignal) => Promise<unknown>,
): Reprieve {
  const limitMs = Math.min(busyReplyMs, firstTokenMs);
  return {
    ms: readingMs(request),
    isAlive: (signal) => ask(AbortSignal.any([signal, AbortSignal.timeout(limitMs)])).then(() => true),
  };
}
