import { cutShort, readerOf, type Shape } from './shape.ts';

const animationFlag = 0x02;

/** Whether the bytes begin as a WebP does. */
export function isWebp(bytes: Uint8Array): boolean {
  const { name } = readerOf(bytes);
  return name(0) === 'RIFF' && name(8) === 'WEBP';
}

/** The shape of a WebP with one picture. */
export function readWebp(bytes: Uint8Array): Shape {
  const { u32le, name, at } = readerOf(bytes);
  const end = u32le(4) + 8;
  if (end > bytes.length) return cutShort;
  for (let place = 12; place + 8 <= end;) {
    const length = u32le(place + 4);
    const data = place + 8;
    if (data + length > end) return cutShort;
    const kind = name(place);
    if (kind === 'VP8X' && (at(data) & animationFlag) !== 0)
      return { problem: 'it is animated; send one picture of it' };
    if (kind === 'VP8 ' || kind === 'VP8L') return readPixels(bytes.subarray(data, data + length), kind);
    place = data + length + (length % 2); // chunks begin at even places
  }
  return { problem: 'it holds no pixels' };
}

function readPixels(bytes: Uint8Array, kind: 'VP8 ' | 'VP8L'): Shape {
  const { at, u16le, u24le, u32le } = readerOf(bytes);
  if (kind === 'VP8L') {
    if (at(0) !== 0x2f || bytes.length < 5) return { problem: 'its header is broken' };
    const bits = u32le(1);
    return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
  }
  if (u24le(3) !== 0x2a019d || bytes.length < 10) return { problem: 'its header is broken' };
  return { width: u16le(6) & 0x3fff, height: u16le(8) & 0x3fff };
}
