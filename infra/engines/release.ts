import { rm } from 'node:fs/promises';

import { TalosError } from '../../domain/errors.ts';
import { unpack } from '../archive.ts';
import { fetchFile, fetchText } from '../download.ts';
import type { EngineName } from './engine.ts';
import type { Workplace } from './cache.ts';
import type { Step } from './teller.ts';

/** An official release: archives and a list of their SHA-256 below one address. */
export type Release = {
  readonly engine: EngineName;
  /** Address of the folder with the files of this version. */
  readonly address: string;
  readonly checksums: string;
  /** The archive for this machine; undefined where there is none. */
  readonly archive: string | undefined;
  readonly timeoutMs: number;
};

const mebibyte = 1_048_576;

/**
 * Unpacks the release into `whole`; undefined when done, else why the host did not give it, so that another way is taken.
 * A file that is not what the list says is CHECKSUM_MISMATCH and never followed by another way.
 */
export async function fetchRelease(release: Release, place: Workplace, step: Step): Promise<string | undefined> {
  const { archive } = release;
  if (archive === undefined) return `there is no official release for ${process.platform} ${process.arch}`;
  step.teller.say('asking for the official release');
  const options = { signal: step.signal, timeoutMs: release.timeoutMs };
  const list = await fetchText(`${release.address}/${release.checksums}`, options);
  if (list.kind === 'unavailable') return list.reason;
  const expected = findChecksum(list.value, archive);
  if (expected === undefined) return `${release.address}/${release.checksums} does not name ${archive}`;
  const file = `${place.work}/${archive}`;
  const got = await fetchFile(`${release.address}/${archive}`, file, {
    ...options,
    onProgress(received, total) {
      const text = `downloading ${(received / mebibyte).toFixed(0)} MB`;
      step.teller.say(text, total === undefined ? undefined : received / total);
    },
  });
  if (got.kind === 'unavailable') return got.reason;
  if (got.value !== expected) throw mismatch(release, archive, got.value);
  step.teller.say('unpacking');
  await unpack(file, place.whole, step.signal);
  await rm(file);
  return undefined;
}

/** The SHA-256 of a file in the text sha256sum writes, undefined when the list lacks it. */
export function findChecksum(list: string, file: string): string | undefined {
  for (const line of list.split('\n')) {
    const [, sum, name] = /^([0-9a-f]{64}) [ *](?:\.\/)?(\S+)\s*$/i.exec(line) ?? [];
    if (name === file) return sum?.toLowerCase();
  }
  return undefined;
}

function mismatch(release: Release, archive: string, actual: string): TalosError {
  return new TalosError(
    'CHECKSUM_MISMATCH',
    `${release.address}/${archive} is not what its checksum list says (SHA-256 ${actual}); it was thrown away. ` +
      'Try again later, and do not trust that host meanwhile',
    { details: { engine: release.engine } },
  );
}
