import { createHash } from 'node:crypto';

import { z } from 'zod';

import type { ModelName } from '../domain/models/name.ts';
import type { PullEvent } from '../domain/models/pull.ts';

/** A manifest is a few hundred bytes; anything near this is none. */
const maxBytes = 1024 * 1024;

const waitMs = 10_000;

const text = z.string().default('');

/** The fields Ollama knows, in the order it writes them. */
const Layer = z.object({
  mediaType: text,
  digest: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  size: z.int().nonnegative(),
  from: z.string().optional(),
});
const Manifest = z.object({
  schemaVersion: z.int().default(0),
  mediaType: text,
  config: Layer,
  layers: z.array(Layer).max(200),
});
type Manifest = z.infer<typeof Manifest>;

const accept = 'application/vnd.docker.distribution.manifest.v2+json';

/**
 * What a registry says a model consists of: its size before a byte of it has come, and the digests it may be listed with. Undefined where
 * the registry does not tell everyone; then the model server alone speaks with it.
 */
export async function readManifest(
  name: ModelName,
  signal: AbortSignal,
): Promise<Extract<PullEvent, { type: 'manifest' }> | undefined> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(waitMs)]);
  try {
    const response = await fetch(addressOf(name), { headers: { accept }, redirect: 'error', signal: limit });
    const body = response.ok ? await readShort(response) : undefined;
    if (body === undefined) return undefined;
    const manifest = Manifest.parse(JSON.parse(body.toString('utf8')));
    const { config, layers } = manifest;
    return {
      type: 'manifest',
      digest: sha256(body),
      rewritten: sha256(rewritten(manifest)),
      layers: [config, ...layers].map(({ digest, size }) => ({ digest, totalBytes: size })),
    };
  } catch {
    return undefined; // the model server tells what is wrong when it asks the same
  }
}

/** The manifest as an Ollama of 2025 keeps it: read, and written anew with what it knows of it. */
function rewritten({ schemaVersion, mediaType, config, layers }: Manifest): string {
  const known = ({ mediaType: kind, digest, size, from }: z.infer<typeof Layer>) => ({
    mediaType: kind,
    digest,
    size,
    ...(from && { from }),
  });
  return JSON.stringify({ schemaVersion, mediaType, config: known(config), layers: layers.map(known) });
}

function sha256(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function addressOf({ listed, host, insecure }: ModelName): string {
  const [, path = '', tag = ''] = /^(.+):([^:/]+)$/.exec(listed) ?? [];
  const own = path.startsWith(`${host}/`) ? path.slice(host.length + 1) : path;
  const full = own.includes('/') ? own : `library/${own}`;
  return `${insecure ? 'http' : 'https'}://${host}/v2/${full}/manifests/${tag}`;
}

/** Undefined for what is too long to be a manifest. */
async function readShort({ body }: Response): Promise<Buffer | undefined> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of body ?? []) {
    length += piece.length;
    if (length > maxBytes) return undefined;
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
