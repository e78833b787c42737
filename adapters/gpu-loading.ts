import { TalosError } from '../domain/errors.ts';
import type { LanguageModel } from '../domain/ports.ts';

/** How long an unload may take: the server answers at once, or not at all. */
const unloadMs = 10_000;

export type LoadOrder = { readonly model: string; readonly contextTokens: number; readonly limitMs: number };

/** What came of a load. After a `mishap` the processor may do what the GPU cannot; `failed` is so anywhere. */
type LoadOutcome =
  | { readonly kind: 'loaded' }
  | { readonly kind: 'mishap'; readonly mishap: 'load-failed' | 'load-timed-out'; readonly why: string }
  | { readonly kind: 'failed'; readonly thrown: unknown };

/** Loads a model, for so long and no longer, whatever the server does. */
export async function loadWithin(server: LanguageModel, order: LoadOrder, signal: AbortSignal): Promise<LoadOutcome> {
  const { model, contextTokens, limitMs } = order;
  const limit = AbortSignal.timeout(limitMs);
  try {
    await obeying(AbortSignal.any([signal, limit]), (either) => server.load(model, either, { contextTokens }));
    return { kind: 'loaded' };
  } catch (thrown) {
    if (signal.aborted) return { kind: 'failed', thrown: signal.reason };
    if (limit.aborted) {
      const why = `It was not loaded within ${limitMs / 1000} s.`;
      return { kind: 'mishap', mishap: 'load-timed-out', why };
    }
    return isLoadFault(thrown)
      ? { kind: 'mishap', mishap: 'load-failed', why: thrown.message }
      : { kind: 'failed', thrown };
  }
}

/** Unloads a model. A deleted one cannot be told to go; it goes by itself. */
export async function unloadWithin(server: LanguageModel, model: string, signal?: AbortSignal): Promise<void> {
  const limit = AbortSignal.timeout(unloadMs);
  try {
    await obeying(signal === undefined ? limit : AbortSignal.any([signal, limit]), () => server.unload(model));
  } catch (thrown) {
    if (signal?.aborted === true) throw signal.reason;
    if (!(thrown instanceof TalosError && thrown.code === 'MODEL_MISSING')) throw thrown;
  }
}

/** Whether a model is short of memory, or the server fails at it. What is missing, refused or out of reach is so anywhere. */
function isLoadFault(thrown: unknown): thrown is TalosError {
  if (!(thrown instanceof TalosError)) return false;
  const { reason } = thrown.details;
  return thrown.code === 'MODEL_TIMEOUT' || reason === 'out-of-memory' || reason === 'server-error';
}

/** Runs work that ends when told to, and stops waiting for it even where it does not. */
async function obeying<T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  if (signal.aborted) throw tooLong(signal.reason);
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(tooLong(signal.reason)), { once: true });
  });
  return Promise.race([work(signal), aborted]);
}

function tooLong(cause: unknown): TalosError {
  return new TalosError('MODEL_TIMEOUT', 'The model server did not answer in time; run `talos doctor`.', { cause });
}
