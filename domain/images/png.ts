import { cutShort, readerOf, type Shape } from './shape.ts';

const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** Bit depths each colour type may have. */
const depths: Readonly<Record<number, readonly number[]>> = {
  0: [1, 2, 4, 8, 16],
  2: [8, 16],
  3: [1, 2, 4, 8],
  4: [8, 16],
  6: [8, 16],
};

/** Samples of a pixel by colour type. */
const samples: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

const passes = 7;

/** Length, name and checksum of a chunk. */
const chunkFrame = 12;

/** Whether the bytes begin as a PNG does. */
export function isPng(bytes: Uint8Array): boolean {
  return signature.every((byte, place) => bytes[place] === byte);
}

/** The shape of a PNG whose chunks follow each other up to its end. */
export function readPng(bytes: Uint8Array): Shape {
  const { u32, name } = readerOf(bytes);
  if (name(12) !== 'IHDR' || u32(8) !== 13 || !isHeaderSound(bytes)) return { problem: 'its header is broken' };
  let hasPixels = false;
  for (const { kind } of chunksOf(bytes)) {
    if (kind === 'IDAT') hasPixels = true;
    if (kind === 'IEND') return hasPixels ? { width: u32(16), height: u32(20) } : { problem: 'it holds no pixels' };
  }
  return cutShort;
}

/** The packed pixels of a PNG that `readPng` has read, and how many bytes they are at most once they are unpacked. */
export function packedPixels(bytes: Uint8Array): { readonly packed: Uint8Array; readonly mostBytes: number } {
  const { at, u32 } = readerOf(bytes);
  const [width, height] = [u32(16), u32(20)];
  const bitsPerPixel = at(24) * (samples[at(25)] ?? 1);
  const lineBytes = Math.ceil((width * bitsPerPixel) / 8) + 1;
  // Interlaced, its lines come in seven passes: more of them, and shorter ones.
  const passBytes = at(28) === 0 ? 0 : passes * (lineBytes + 2 * height);
  const packed = new Uint8Array(bytes.length);
  let end = 0;
  for (const { kind, data, length } of chunksOf(bytes)) {
    if (kind !== 'IDAT') continue;
    packed.set(bytes.subarray(data, data + length), end);
    end += length;
  }
  return { packed: packed.subarray(0, end), mostBytes: lineBytes * height + passBytes };
}

/** Where the data of a chunk begin, and how many bytes they are. */
type Chunk = { readonly kind: string; readonly data: number; readonly length: number };

/** The chunks up to the end of the picture, or of the bytes where they end before. */
function* chunksOf(bytes: Uint8Array): Generator<Chunk, void> {
  const { u32, name } = readerOf(bytes);
  let place = signature.length;
  while (place + chunkFrame <= bytes.length) {
    const kind = name(place + 4);
    const length = u32(place);
    yield { kind, data: place + 8, length };
    if (kind === 'IEND') return;
    place += chunkFrame + length;
  }
}

function isHeaderSound(bytes: Uint8Array): boolean {
  const { at } = readerOf(bytes);
  const [depth, colours, compression, filter, interlace] = [24, 25, 26, 27, 28].map(at);
  const isDepthSound = depths[colours ?? -1]?.includes(depth ?? -1) === true;
  return isDepthSound && compression === 0 && filter === 0 && (interlace === 0 || interlace === 1);
}
