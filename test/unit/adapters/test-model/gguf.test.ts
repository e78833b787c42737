import { describe, expect, it } from 'vitest';

import { writeGguf } from '../../../../adapters/test-model/gguf.ts';

describe('a GGUF file', () => {
  const one = { name: 'a', shape: [2], data: Float32Array.of(1, -2), precision: 'f32' } as const;
  const half = { name: 'b', shape: [1, 2], data: Float32Array.of(0.5, 65_504), precision: 'f16' } as const;

  it('begins with magic, version 3 and the counts', () => {
    const file = writeGguf([['k', 'u32', 7]], [one, half]);
    expect(file.toString('latin1', 0, 4)).toBe('GGUF');
    expect(file.readUInt32LE(4)).toBe(3);
    expect(file.readBigUInt64LE(8)).toBe(2n);
    expect(file.readBigUInt64LE(16)).toBe(1n);
  });

  it.each([
    [['k', 'u32', 258], '04000000' + '02010000'],
    [['k', 'f32', 1], '06000000' + '0000803f'],
    [['k', 'bool', true], '07000000' + '01'],
    [['k', 'text', 'é'], '08000000' + '0200000000000000' + 'c3a9'],
    [['k', 'texts', ['x']], '09000000' + '08000000' + '0100000000000000' + '0100000000000000' + '78'],
    [['k', 'i32s', [-1, 2]], '09000000' + '05000000' + '0200000000000000' + 'ffffffff' + '02000000'],
    [['k', 'f32s', [-2]], '09000000' + '06000000' + '0100000000000000' + '000000c0'],
  ] as const)('holds the entry %j as the specification says', (entry, hex) => {
    const key = '0100000000000000' + '6b';
    expect(writeGguf([entry], []).toString('hex', 24)).toMatch(new RegExp(`^${key}${hex}(00)*$`));
  });

  it('places tensors on multiples of 32 bytes and lists them so', () => {
    const file = writeGguf([], [one, half]);
    expect(file.length % 32).toBe(0);
    const data = file.length - 64;
    expect([file.readFloatLE(data), file.readFloatLE(data + 4)]).toEqual([1, -2]);
    expect(file.toString('hex', data + 32, data + 36)).toBe('0038' + 'ff7b');
    const rowOfA = 24;
    expect(file.readBigUInt64LE(rowOfA + 9 + 4 + 8 + 4)).toBe(0n);
    const rowOfB = rowOfA + 9 + 4 + 8 + 4 + 8;
    expect(file.readUInt32LE(rowOfB + 9)).toBe(2);
    expect(file.readUInt32LE(rowOfB + 9 + 4 + 16)).toBe(1);
    expect(file.readBigUInt64LE(rowOfB + 9 + 4 + 16 + 4)).toBe(32n);
  });

  it('is refused when a tensor does not fill its shape', () => {
    expect(() => writeGguf([], [{ ...one, shape: [3] }])).toThrow('tensor a holds 2 values, its shape 3');
  });
});
