import { ChromaClient } from 'chromadb';

import { TalosError } from '../domain/errors.ts';

/** Gives a client all of whose requests end by the limit or the signal. */
export type ConnectChroma = (limitMs: number, signal?: AbortSignal) => ChromaClient;

/** A client costs nothing, so every piece of work gets its own: only this way a time limit really ends its requests. */
export function chromaAt(url: string): ConnectChroma {
  const { hostname, port, protocol } = new URL(url);
  const ssl = protocol === 'https:';
  return (limitMs, signal) => {
    const limit = AbortSignal.timeout(limitMs);
    return new ChromaClient({
      host: hostname,
      port: port === '' ? (ssl ? 443 : 80) : Number(port),
      ssl,
      tenant: 'default_tenant',
      database: 'default_database',
      fetchOptions: { signal: signal === undefined ? limit : AbortSignal.any([signal, limit]) },
    });
  };
}

/** Maps everything that can go wrong with Chroma: to its callers memory is there or it is not. */
export async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof TalosError) throw cause;
    const reason = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
    throw new TalosError('VECTORS_UNAVAILABLE', `Chroma failed (${reason}); check \`talos doctor\`.`, { cause });
  }
}
