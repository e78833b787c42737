import { describe, expect, it } from 'vitest';

import { formatVersion, isAtLeast, parseVersion } from '../../../../infra/engines/version.ts';

describe('version', () => {
  it.each([
    ['Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64', [7, 0, 15]],
    ['Valkey server v=8.0.1 sha=0', [8, 0, 1]],
    ['temporal version 1.8.2 (Server 1.31.2, UI 2.50.1)', [1, 8, 2]],
    ['chroma 1.4.4', [1, 4, 4]],
    ['1.26', [1, 26, 0]],
    ['1.27rc1', [1, 27, 0]],
    ['devel', undefined],
    ['', undefined],
  ])('reads %j', (text, expected) => {
    expect(parseVersion(text)).toEqual(expected);
  });

  it.each([
    ['1.26.0', '1.26.0', true],
    ['1.26.8', '1.26.0', true],
    ['2.0.0', '1.26.0', true],
    ['1.9.9', '1.26.0', false],
    ['0.99.99', '1.0.0', false],
  ])('%s is at least %s: %s', (version, least, expected) => {
    expect(isAtLeast(parseVersion(version) ?? [0, 0, 0], parseVersion(least) ?? [0, 0, 0])).toBe(expected);
  });

  it('is written as it was read', () => {
    expect(formatVersion([1, 8, 2])).toBe('1.8.2');
  });
});
