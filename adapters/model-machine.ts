import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, stat, statfs } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';

import { leadsOut } from '../domain/models/autopull.ts';
import type { ModelMachine } from '../domain/models/store.ts';

/** A piece of a file is hashed in well under a millisecond, so that nothing else of the process waits. */
const pieceBytes = 256 * 1024;

/** What this machine says of the models in a folder; without one they are kept on another machine. */
export function createModelMachine({ folder }: { folder: string | undefined }): ModelMachine {
  return {
    async freeBytes() {
      if (folder === undefined) return undefined;
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const { bavail, bsize } = await statfs(folder);
      return bavail * bsize;
    },

    async bytesOnDisk(digests) {
      if (folder === undefined) return undefined;
      const files = digests.map((digest) => join(folder, 'blobs', digest.replace(':', '-')));
      const sizes = await Promise.all(files.flatMap((file) => [sizeOf(file), sizeOf(`${file}-partial`)]));
      return sizes.reduce((total, size) => total + size, 0);
    },

    async digestOnDisk(digest, signal) {
      if (folder === undefined) return undefined;
      const hash = createHash('sha256');
      const file = join(folder, 'blobs', digest.replace(':', '-'));
      try {
        for await (const piece of createReadStream(file, { highWaterMark: pieceBytes, signal })) hash.update(piece);
      } catch (thrown) {
        if (isMissing(thrown)) return undefined;
        throw thrown;
      }
      return `sha256:${hash.digest('hex')}`;
    },

    isOnline: () => leadsOut(networkInterfaces()),
  };
}

/** What a file takes on the disk: one that is on its way has holes. */
async function sizeOf(file: string): Promise<number> {
  try {
    const { blocks } = await stat(file);
    return blocks * 512;
  } catch (thrown) {
    if (isMissing(thrown)) return 0;
    throw thrown;
  }
}

function isMissing(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT';
}
