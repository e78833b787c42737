import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { mostImageBytes } from '../../../../domain/images/limits.ts';
import { readImage } from '../../../../domain/images/read-image.ts';
import { makeJpeg, makePng, makeWebp } from '../../../support/pictures.ts';

const whole = {
  png: makePng(),
  jpeg: makeJpeg(),
  lossy: makeWebp(),
  lossless: makeWebp('VP8L'),
  extended: makeWebp('VP8X'),
};

/** The header of a huge JPEG before that of a small one: which one counts is up to whoever unpacks it. */
const twoSizes = Buffer.concat([makeJpeg(60_000, 60_000).subarray(0, 23), whole.jpeg.subarray(2)]);

describe('a picture', () => {
  it.each([
    ['PNG', whole.png, 'image/png'],
    ['JPEG', whole.jpeg, 'image/jpeg'],
    ['lossy WebP', whole.lossy, 'image/webp'],
    ['lossless WebP', whole.lossless, 'image/webp'],
    ['extended WebP', whole.extended, 'image/webp'],
    ['JPEG with something behind it', Buffer.concat([whole.jpeg, Buffer.from('more')]), 'image/jpeg'],
    ['large photograph', makeJpeg(6000, 4000), 'image/jpeg'],
  ])('is known by its bytes: %s', (_, bytes, type) => {
    expect(readImage(bytes)).toEqual({ ok: true, type });
  });

  it.each([
    ['no bytes', Buffer.alloc(0), /no PNG, JPEG or WebP/],
    ['a text', Buffer.from('hello'), /no PNG, JPEG or WebP/],
    ['a drawing of vectors', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), /no PNG/],
    ['a GIF', Buffer.from('GIF89a\u0001\0\u0001\0'), /no PNG/],
    ['the signature of a PNG alone', whole.png.subarray(0, 8), /header is broken/],
    [
      'a PNG of a strange depth',
      Buffer.concat([whole.png.subarray(0, 24), Buffer.from([7]), whole.png.subarray(25)]),
      /header/,
    ],
    ['a sound', Buffer.from('RIFF\u0004\0\0\0WAVE'), /no PNG/],
    ['an animation', makeWebp('VP8X', { flags: 2 }), /animated/],
    ['a WebP without pixels', Buffer.from('RIFF\u0004\0\0\0WEBP'), /no pixels/],
    ['a point', makePng(1, 1), /1 x 1 pixels; each side must have at least 28/],
    ['a line', makePng(5000, 30), /too long and narrow/],
    ['a bomb: few bytes, many pixels', makePng(9999, 9999), /9999 x 9999 pixels; 40 million/],
    ['a bomb in one direction', makePng(2 ** 31 - 1, 32), /no side may have more than 10000/],
    ['a bomb that names a small size as well', twoSizes, /names its size twice/],
    ['a PNG of no width', makePng(0, 32), /0 x 32/],
  ])('is not: %s', (_, bytes, problem) => {
    expect(readImage(bytes)).toEqual({ ok: false, problem: expect.stringMatching(problem) });
  });

  it('may have 10 MB and not a byte more', () => {
    const padded = (size: number) => Buffer.concat([whole.jpeg, Buffer.alloc(size - whole.jpeg.length)]);
    expect(readImage(padded(mostImageBytes))).toMatchObject({ ok: true });
    expect(readImage(padded(mostImageBytes + 1))).toMatchObject({
      ok: false,
      problem: expect.stringMatching(/10.1 MB/),
    });
  });

  it.each(Object.entries(whole))('that is cut off anywhere is none: %s', (_, bytes) => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: bytes.length - 1 }), (length) => {
        expect(readImage(bytes.subarray(0, length)).ok).toBe(false);
      }),
    );
  });

  it('never breaks what reads it, whatever the bytes', () => {
    const starts = Object.values(whole).map((bytes) => bytes.subarray(0, 16));
    fc.assert(
      fc.property(fc.constantFrom(...starts), fc.uint8Array({ maxLength: 300 }), (start, rest) => {
        expect(readImage(Buffer.concat([start, rest]))).toHaveProperty('ok');
      }),
    );
  });
});
