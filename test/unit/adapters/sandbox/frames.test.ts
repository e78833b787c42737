import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { createFrameReader } from '../../../../adapters/sandbox/frames.ts';

const nonce = '8b0c7ed2-8c0b-4b8e-9b1d-0a8f6f9b8b11';

function read(chunks: readonly Buffer[], maxBytes = 1000) {
  const frames: [string, string][] = [];
  const noise: Buffer[] = [];
  let tooLong = 0;
  const hear = createFrameReader(
    { nonce, maxBytes },
    {
      frame: (kind, text) => void frames.push([kind, text]),
      tooLong: () => void (tooLong += 1),
      noise: (bytes) => void noise.push(Buffer.from(bytes)),
    },
  );
  for (const chunk of chunks) hear(chunk);
  return { frames, noise: Buffer.concat(noise).toString('utf8'), tooLong };
}

describe('the frame reader', () => {
  it('tells frames from what is printed, however the bytes are cut', () => {
    const line = fc.oneof(
      fc.record({
        kind: fc.constantFrom('answer', 'call', 'error'),
        text: fc.json(),
      }),
      fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\n', '').replaceAll(nonce, '')),
    );
    fc.assert(
      fc.property(fc.array(line), fc.infiniteStream(fc.integer({ min: 1, max: 50 })), (lines, sizes) => {
        const text = lines
          .map((entry) => (typeof entry === 'string' ? `${entry}\n` : `\n${nonce} ${entry.kind} ${entry.text}\n`))
          .join('');
        const result = read(cut(Buffer.from(text), sizes), 1_000_000);
        expect(result.frames).toEqual(
          lines.flatMap((entry) => (typeof entry === 'string' ? [] : [[entry.kind, entry.text]])),
        );
        const printed = lines.map((entry) => (typeof entry === 'string' ? `${entry}\n` : '')).join('');
        // an empty line at the end may yet turn out to stand before a frame
        expect([printed, printed.slice(0, -1)]).toContain(result.noise);
      }),
    );
  });

  it.each([
    `answer 1`,
    ` ${nonce} answer 1`,
    `x${nonce} answer 1`,
    `${nonce}answer 1`,
    `${nonce.toUpperCase()} answer 1`,
    `${nonce.slice(0, -1)} answer 1`,
    `\r${nonce} answer 1`,
  ])('takes %j for noise', (line) => {
    expect(read([Buffer.from(`${line}\n`)])).toMatchObject({ frames: [], noise: `${line}\n` });
  });

  it('counts empty lines, too, but for the one that stands before a frame', () => {
    expect(read([Buffer.from('\n'.repeat(1000))]).noise.length).toBeGreaterThanOrEqual(999);
    expect(read([Buffer.from(`a\n\n\n${nonce} answer 1\n`)])).toMatchObject({ noise: 'a\n\n' });
    expect(read([Buffer.from(`\n\nb\n\n${nonce} call 1\n\n${nonce} answer 1\n`)]).noise).toBe('\n\nb\n');
  });

  it('stops at a frame that is too long, before it has all come', () => {
    const endless = Array.from({ length: 10 }, () => Buffer.alloc(200, 'x'));
    expect(read([Buffer.from(`${nonce} answer `), ...endless, Buffer.from(`\n${nonce} answer 1\n`)])).toMatchObject({
      frames: [],
      tooLong: 1,
    });
  });
});

function cut(bytes: Buffer, sizes: Iterator<number>): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const size = Number(sizes.next().value);
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return chunks;
}
