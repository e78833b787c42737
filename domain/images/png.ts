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
  let place = signature.length;
  while (place + chunkFrame <= bytes.length) {
    const kind = name(place + 4);
    if (kind === 'IDAT') hasPixels = true;
    if (kind === 'IEND') return hasPixels ? { width: u32(16), height: u32(20) } : { problem: 'it holds no pixels' };
    place += chunkFrame + u32(place);
  }
  return cutShort;
}

function isHeaderSound(bytes: Uint8Array): boolean {
  const { at } = readerOf(bytes);
  const [depth, colours, compression, filter, interlace] = [24, 25, 26, 27, 28].map(at);
  const isDepthSound = depths[colours ?? -1]?.includes(depth ?? -1) === true;
  return isDepthSound && compression === 0 && filter === 0 && (interlace === 0 || interlace === 1);
}
