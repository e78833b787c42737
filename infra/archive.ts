import { spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';

import { TalosError } from '../domain/errors.ts';

/** Unpacks a .tar.gz, .tgz or .tar.zst into an existing folder. Fails with DOWNLOAD_FAILED, or as the system does on a full disk. */
export async function unpack(archive: string, folder: string, signal: AbortSignal): Promise<void> {
  const tar = spawn('tar', ['-xf', '-', '-C', folder], { stdio: ['pipe', 'ignore', 'pipe'], signal });
  let said = '';
  tar.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString('utf8')).slice(-500)));
  const ended = new Promise<number | null>((resolve) => {
    tar.once('error', (error) => {
      said ||= error.message;
      resolve(null);
    });
    tar.once('close', (code) => resolve(code));
  });
  const expander = archive.endsWith('.zst') ? createZstdDecompress() : createGunzip();
  const fed = await pipeline(createReadStream(archive), expander, tar.stdin, { signal }).then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  const code = await ended;
  signal.throwIfAborted();
  if (code === 0) return; // tar stops reading at the end mark, which may break the pipe; a cut archive it refuses
  if (said.includes('No space left on device')) throw Object.assign(new Error(said.trim()), { code: 'ENOSPC' });
  const reason = said.trim() || fed || `tar ended with ${code ?? 'no code'}`;
  throw new TalosError('DOWNLOAD_FAILED', `${archive} cannot be unpacked: ${reason}`);
}
