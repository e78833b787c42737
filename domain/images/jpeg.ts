import { cutShort, readerOf, type Shape } from './shape.ts';

/** Markers by their second byte: begin of the pixels, end of the picture, and those that stand alone. */
const startOfScan = 0xda;
const endOfImage = 0xd9;

/** Whether the bytes begin as a JPEG does. */
export function isJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;
}

/** The shape of a JPEG whose segments lead to pixels and whose end is there. */
export function readJpeg(bytes: Uint8Array): Shape {
  const { at, u16 } = readerOf(bytes);
  let shape: Shape | undefined;
  let place = 2;
  while (place + 4 <= bytes.length) {
    if (at(place) !== 0xff) return { problem: 'its segments do not follow each other' };
    const marker = at(place + 1);
    if (marker === 0xff) {
      place += 1; // fill
      continue;
    }
    if (marker === startOfScan) return afterSegments(bytes, shape, place);
    if (isFrame(marker)) {
      if (shape !== undefined) return { problem: 'it names its size twice' };
      shape = { width: u16(place + 7), height: u16(place + 5) };
    }
    const length = u16(place + 2);
    if (length < 2) return { problem: 'its segments do not follow each other' };
    place += 2 + length;
  }
  return cutShort;
}

function afterSegments(bytes: Uint8Array, shape: Shape | undefined, scan: number): Shape {
  if (shape === undefined) return { problem: 'its pixels come before its size' };
  for (let end = bytes.length - 2; end > scan; end -= 1) {
    if (bytes[end] === 0xff && bytes[end + 1] === endOfImage) return shape;
  }
  return cutShort;
}

/** The markers that carry a size; three of their range mean something else. */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}
