import { deflateSync } from 'node:zlib';

import { describe, expect, it } from 'vitest';

import { problemOfPixels } from '../../../api/unpacked-pixels.ts';
import { makePng } from '../../support/pictures.ts';

const side = 1000;

/** The bytes of an interlaced picture of one byte a pixel: its lines in seven passes, each with a byte before it. */
function interlacedBytes(): number {
  const passes = [
    [0, 8, 0, 8],
    [4, 8, 0, 8],
    [0, 4, 4, 8],
    [2, 4, 0, 4],
    [0, 2, 2, 4],
    [1, 2, 0, 2],
    [0, 1, 1, 2],
  ] as const;
  return passes.reduce((sum, [left, across, top, down]) => {
    const [columns, lines] = [Math.ceil((side - left) / across), Math.ceil((side - top) / down)];
    return sum + lines * (columns + 1);
  }, 0);
}

describe('the pixels of a PNG', () => {
  it('may be as many as its size says, interlaced or not', async () => {
    expect(await problemOfPixels(makePng(side, side))).toBeUndefined();
    const packed = deflateSync(Buffer.alloc(interlacedBytes()));
    expect(await problemOfPixels(makePng(side, side, { packed, interlace: 1 }))).toBeUndefined();
  });

  it('are not unpacked any further once there are more', async () => {
    const packed = deflateSync(Buffer.alloc(64 * 1024 ** 2));
    expect(await problemOfPixels(makePng(side, side, { packed }))).toMatch(/more pixels/);
  });

  it.each([
    ['no such packing at all', Buffer.from('hello')],
    ['packed without their header', deflateSync(Buffer.alloc(33 * 32)).subarray(2)],
    ['cut short', deflateSync(Buffer.alloc(33 * 32)).subarray(0, -6)],
  ])('are broken where they are %s', async (_, packed) => {
    expect(await problemOfPixels(makePng(32, 32, { packed }))).toMatch(/broken/);
  });
});
