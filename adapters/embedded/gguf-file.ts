import { open } from 'node:fs/promises';

import { type EmbeddedCall, missing } from './failures.ts';

/** https://github.com/ggml-org/ggml/blob/master/docs/gguf.md */
const magic = 'GGUF';

/** The size of a file that begins as a GGUF does; fails with MODEL_MISSING and what to set. */
export async function sizeOfGguf(call: EmbeddedCall): Promise<number> {
  try {
    await using handle = await open(call.file);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(magic.length), 0, magic.length, 0);
    if (bytesRead === magic.length && buffer.toString('latin1') === magic) return (await handle.stat()).size;
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason';
    throw missing(call, `${call.setting} names ${call.file}, which cannot be read (${reason})`);
  }
  throw missing(call, `${call.setting} names ${call.file}, which is no GGUF file`);
}
