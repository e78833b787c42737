import { crc32, deflateSync } from 'node:zlib';

/** A PNG of one colour; `packed` stands in place of its pixels. */
export function makePng(
  width = 32,
  height = 32,
  { packed, interlace = 0 }: { packed?: Buffer; interlace?: number } = {},
): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 0, 0, 0, interlace], 8);
  const pixels = width * height > 1_000_000 ? Buffer.alloc(1) : Buffer.alloc((width + 1) * height, 0);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    pngChunk('IHDR', header),
    pngChunk('IDAT', packed ?? deflateSync(pixels)),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

function pngChunk(kind: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(kind, 'latin1'), data]);
  const frame = Buffer.alloc(4);
  frame.writeUInt32BE(data.length);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(body));
  return Buffer.concat([frame, body, checksum]);
}

/** The outline of a JPEG: its segments and end, with pixels that mean nothing. */
export function makeJpeg(width = 32, height = 32): Buffer {
  const size = [height >> 8, height & 0xff, width >> 8, width & 0xff];
  const thumbnail = [0xff, 0xe1, 0, 6, 0xff, 0xd8, 0xff, 0xd9];
  const frame = [0xff, 0xc0, 0, 11, 8, ...size, 1, 1, 0x11, 0];
  const scan = [0xff, 0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0, 1, 2, 3];
  return Buffer.from([0xff, 0xd8, ...thumbnail, ...frame, ...scan, 0xff, 0xd9]);
}

/** The outline of a WebP of one kind: lossy, lossless, or extended around a lossy one. */
export function makeWebp(kind: 'VP8 ' | 'VP8L' | 'VP8X' = 'VP8 ', { width = 32, height = 32, flags = 0 } = {}): Buffer {
  const lossy = Buffer.from([0, 0, 0, 0x9d, 1, 0x2a, width & 0xff, width >> 8, height & 0xff, height >> 8]);
  const bits = Buffer.alloc(5);
  bits.writeUInt8(0x2f, 0);
  bits.writeUInt32LE((width - 1) | ((height - 1) << 14), 1);
  const chunks = {
    'VP8 ': () => [webpChunk('VP8 ', lossy)],
    VP8L: () => [webpChunk('VP8L', bits)],
    VP8X: () => [webpChunk('VP8X', Buffer.from([flags, ...Array<number>(9).fill(0)])), webpChunk('VP8 ', lossy)],
  }[kind]();
  const body = Buffer.concat([Buffer.from('WEBP', 'latin1'), ...chunks]);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(body.length);
  return Buffer.concat([Buffer.from('RIFF', 'latin1'), length, body]);
}

function webpChunk(kind: string, data: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(data.length);
  return Buffer.concat([Buffer.from(kind, 'latin1'), length, data, Buffer.alloc(data.length % 2)]);
}
