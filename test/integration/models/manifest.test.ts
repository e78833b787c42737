import { createHash } from 'node:crypto';

import { expect, it } from 'vitest';

import { readManifest } from '../../../adapters/registry-manifest.ts';
import { checkPulled } from '../../../domain/models/check-pulled.ts';
import { readModelName } from '../../../domain/models/name.ts';
import { newTrack, trackPull } from '../../../domain/models/pull.ts';
import { createMemoryModelStore } from '../../../adapters/memory/model-store.ts';
import { roomyMachine } from '../../support/model-twins.ts';
import { startFakeServer } from '../ollama/fake-server.ts';

const signal = AbortSignal.timeout(20_000);
const digest = `sha256:${'a'.repeat(64)}`;
const config = { mediaType: 'c', digest, size: 1 };
const layers = [{ mediaType: 'm', digest, size: 2, from: 'there' }];
const plain = JSON.stringify({ schemaVersion: 2, mediaType: 'x', config, layers });

/** The same, in another order and with more than Ollama knows. */
const fancy = JSON.stringify(
  { layers, annotations: {}, config: { size: 1, digest, mediaType: 'c' }, mediaType: 'x', schemaVersion: 2 },
  undefined,
  2,
);

it.each([
  ['keeps the manifest as it came', fancy],
  ['writes the manifest anew', plain],
])('a server that %s has what was named', async (_, kept) => {
  await using registry = await startFakeServer((response) => void response.end(fancy));
  const name = readModelName(`${registry.url}/library/tiny`);
  const manifest = await readManifest(name, signal);
  if (manifest === undefined) throw new Error('no manifest');
  expect(manifest.layers).toEqual([
    { digest, totalBytes: 1 },
    { digest, totalBytes: 2 },
  ]);
  const listed = { name: name.listed, digest: createHash('sha256').update(kept).digest('hex'), sizeBytes: 3 };
  const describe = async () => ({ ...listed, files: [], can: [] });
  const store = { ...createMemoryModelStore({ offered: {} }), describe };
  const track = trackPull(newTrack, manifest, 0);
  expect(await checkPulled({ store, machine: roomyMachine }, { name, track }, signal)).toMatchObject(listed);
  const other = { ...store, describe: async () => ({ ...(await describe()), digest: 'b' }) };
  await expect(checkPulled({ store: other, machine: roomyMachine }, { name, track }, signal)).rejects.toMatchObject({
    code: 'PULL_CORRUPT',
  });
});
