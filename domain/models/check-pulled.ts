import { TalosError } from '../errors.ts';
import type { ModelName } from './name.ts';
import { knownLayers, type PullTrack } from './pull.ts';
import type { ModelDescription, ModelMachine, ModelStore } from './store.ts';

type Deps = { readonly store: ModelStore; readonly machine: ModelMachine };
type Pulled = { readonly name: Pick<ModelName, 'listed' | 'host'>; readonly track: PullTrack };

/**
 * What is listed after a pull, once it has been shown to be what the manifest of the registry names, down to the bytes on this disk: a
 * server that was killed before it had checked a file trusts it afterwards. Anything else is removed and PULL_CORRUPT.
 */
export async function checkPulled(
  { store, machine }: Deps,
  { name, track }: Pulled,
  signal: AbortSignal,
): Promise<ModelDescription> {
  const found = await store.describe(name.listed);
  if (found === undefined) throw corrupt(name, 'it is not among the installed models');
  const fault = await faultOf(found, { machine, track }, signal);
  if (fault === undefined) return found;
  await store.remove(found.name);
  throw corrupt(name, `${fault}; it is removed`);
}

async function faultOf(
  found: ModelDescription,
  { machine, track }: { machine: ModelMachine; track: PullTrack },
  signal: AbortSignal,
): Promise<string | undefined> {
  const { manifest } = track;
  const named = [manifest?.digest, manifest?.rewritten];
  if (manifest !== undefined && !named.includes(found.digest)) return 'it is listed with another digest';
  for (const digest of new Set([...knownLayers(track), ...found.files])) {
    const onDisk = await machine.digestOnDisk(digest, signal);
    if (onDisk !== undefined && onDisk !== digest) return 'its file on the disk has another digest';
  }
  return undefined;
}

function corrupt({ listed, host }: Pulled['name'], what: string): TalosError {
  return new TalosError('PULL_CORRUPT', `What came from ${host} as ${listed} is not what its manifest names: ${what}.`);
}
