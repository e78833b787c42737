/** A signal made of others; `release` lets go of them. */
export type CombinedSignal = { readonly signal: AbortSignal; readonly release: () => void };

/** A signal that aborts with the first of several, or after a while. */
export function abortWhen(signals: readonly AbortSignal[], limitMs?: number): CombinedSignal {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  const timer = limitMs === undefined ? undefined : setTimeout(abort, limitMs);
  for (const signal of signals) {
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  }
  return {
    signal: controller.signal,
    release() {
      clearTimeout(timer);
      for (const signal of signals) signal.removeEventListener('abort', abort);
    },
  };
}

/** Does work for at most a while; rejects with a `TimeoutError` after it, even when the work ignores its signal. */
export async function within<T>(limitMs: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { signal, release } = abortWhen([], limitMs);
  const late = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new DOMException(`took over ${limitMs} ms`, 'TimeoutError')));
  });
  try {
    return await Promise.race([work(signal), late]);
  } finally {
    release();
  }
}
