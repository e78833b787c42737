import { TalosError } from '../../domain/errors.ts';
import type { Reading } from '../../domain/night/health.ts';

/** How long something may take to be read, and what ends it before. */
export type ReadingLimit = { readonly limitMs: number; readonly signal: AbortSignal };

/** Reads something, or tells by a code what kept it from being read; never later than the limit, whatever hangs. */
export async function readWithin<T>(
  { limitMs, signal }: ReadingLimit,
  read: (signal: AbortSignal) => Promise<T>,
): Promise<Reading<T>> {
  const ending = new AbortController();
  const late = Promise.withResolvers<never>();
  const end = (): void => {
    ending.abort();
    late.reject(new DOMException('took too long', 'TimeoutError'));
  };
  const timer = setTimeout(end, limitMs);
  if (signal.aborted) end();
  else signal.addEventListener('abort', end, { once: true });
  try {
    return { isKnown: true, value: await Promise.race([late.promise, read(ending.signal)]) };
  } catch (thrown) {
    return { isKnown: false, reason: reasonOf(thrown) };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
  }
}

function reasonOf(thrown: unknown): string {
  if (thrown instanceof DOMException) return 'TIMEOUT';
  return thrown instanceof TalosError ? thrown.code : 'INTERNAL';
}
