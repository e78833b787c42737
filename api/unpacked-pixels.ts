import { createInflate } from 'node:zlib';

import { packedPixels } from '../domain/images/png.ts';

/** What programs may have put behind the pixels. */
const spareBytes = 64 * 1024;

/**
 * Why the pixels of a PNG cannot be shown to a model, if so: packed, they may be a thousand times smaller than unpacked, whatever its
 * header says, and who unpacks them may not look. Nothing of them is kept here.
 */
export async function problemOfPixels(png: Uint8Array): Promise<string | undefined> {
  const { packed, mostBytes } = packedPixels(png);
  const inflate = createInflate();
  inflate.on('error', () => undefined); // told where it is read
  inflate.end(packed);
  let bytes = 0;
  try {
    for await (const unpacked of inflate) {
      bytes += Buffer.from(unpacked).length;
      if (bytes > mostBytes + spareBytes) return 'it holds more pixels than its size says';
    }
  } catch {
    return 'its pixels are broken';
  }
  return undefined;
}
