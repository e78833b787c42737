import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

/** What a download needs to know. */
export type DownloadOptions = {
  readonly signal: AbortSignal;
  /** Longest wait for the host to begin its answer, and a third of the longest silence inside it. */
  readonly timeoutMs: number;
  /** Hears how much has come, of how much where the host told. */
  readonly onProgress?: (received: number, total: number | undefined) => void;
};

/** A result, or why the host did not give it. */
export type Fetched<T> =
  | { readonly kind: 'whole'; readonly value: T }
  | { readonly kind: 'unavailable'; reason: string };

/** Fetches a small text. */
export async function fetchText(url: string, options: DownloadOptions): Promise<Fetched<string>> {
  return await orUnavailable(options.signal, async () => {
    const response = await request(url, 0, options);
    if (response.status !== 200) return unavailable(`${url} answers ${response.status}`);
    const chunks: Uint8Array[] = [];
    for await (const chunk of chunksOf(response, options)) chunks.push(chunk);
    return { kind: 'whole', value: Buffer.concat(chunks).toString('utf8') };
  });
}

/** Fetches a file and tells its SHA-256; a transfer that breaks off is continued once. */
export async function fetchFile(url: string, path: string, options: DownloadOptions): Promise<Fetched<string>> {
  const file = await open(path, 'w', 0o600);
  try {
    const first = await orUnavailable(options.signal, () => receive(url, file, options));
    const last =
      first.kind === 'whole' ? first : await orUnavailable(options.signal, () => receive(url, file, options));
    if (last.kind === 'unavailable') return last;
  } finally {
    await file.close();
  }
  return { kind: 'whole', value: await sha256(path) };
}

/** Appends to what the file already holds, or starts anew when the host cannot continue. */
async function receive(url: string, file: FileHandle, options: DownloadOptions): Promise<Fetched<void>> {
  const had = (await file.stat()).size;
  const response = await request(url, had, options);
  const continues = response.status === 206 && response.headers.get('content-range')?.startsWith(`bytes ${had}-`);
  if (response.status !== 200 && !continues) return unavailable(`${url} answers ${response.status}`);
  let received = continues ? had : 0;
  if (!continues) await file.truncate(0);
  const length = Number(response.headers.get('content-length') ?? Number.NaN);
  const total = Number.isNaN(length) ? undefined : received + length;
  for await (const chunk of chunksOf(response, options)) {
    await file.write(chunk, 0, chunk.length, received);
    received += chunk.length;
    options.onProgress?.(received, total);
  }
  return { kind: 'whole', value: undefined };
}

async function request(url: string, from: number, { signal, timeoutMs }: DownloadOptions): Promise<Response> {
  const tooSlow = new AbortController();
  const timer = setTimeout(() => tooSlow.abort(new Error(`no answer within ${timeoutMs / 1000} s`)), timeoutMs);
  try {
    return await fetch(url, {
      signal: AbortSignal.any([signal, tooSlow.signal]),
      headers: { 'accept-encoding': 'identity', ...(from > 0 && { range: `bytes=${from}-` }) },
    });
  } finally {
    clearTimeout(timer);
  }
}

async function* chunksOf(response: Response, options: DownloadOptions): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  const silenceMs = 3 * options.timeoutMs;
  try {
    for (;;) {
      const { promise: silent, reject } = Promise.withResolvers<never>();
      const timer = setTimeout(() => reject(new Error(`silent for ${silenceMs / 1000} s`)), silenceMs);
      const next = await Promise.race([reader.read(), silent]).finally(() => clearTimeout(timer));
      if (next.done) return;
      yield next.value;
    }
  } finally {
    reader.cancel().catch(() => undefined); // the connection may be broken already, which is why we leave
  }
}

async function orUnavailable<T>(signal: AbortSignal, attempt: () => Promise<Fetched<T>>): Promise<Fetched<T>> {
  try {
    return await attempt();
  } catch (error) {
    signal.throwIfAborted();
    if (isDiskError(error)) throw error;
    return unavailable(describe(error));
  }
}

function unavailable(reason: string): { kind: 'unavailable'; reason: string } {
  return { kind: 'unavailable', reason };
}

/** A full or broken disk is not the host's fault: the other way would meet it, too. */
function isDiskError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && ['ENOSPC', 'EDQUOT', 'EIO', 'EROFS'].includes(String(error.code));
}

/** The reason below fetch's own "fetch failed". */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}
