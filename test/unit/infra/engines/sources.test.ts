import { describe, expect, it } from 'vitest';

import { chooseMirror } from '../../../../infra/engines/debian-prefix.ts';
import { archiveFor } from '../../../../infra/engines/ollama.ts';
import { findChecksum } from '../../../../infra/engines/release.ts';

const sum = 'a'.repeat(64);
const other = 'b'.repeat(64);

describe('checksum list', () => {
  it.each([
    ['two spaces', `${other}  other.tgz\n${sum}  it.tgz\n`],
    ['a binary mark', `${sum} *it.tgz`],
    ['a path', `${sum}  ./it.tgz\r\n`],
    ['capitals', `${sum.toUpperCase()}  it.tgz\n`],
  ])('is read with %s', (_form, list) => {
    expect(findChecksum(list, 'it.tgz')).toBe(sum);
  });

  it.each([
    ['nothing', ''],
    ['only a longer name', `${sum}  not-it.tgz\n${sum}  it.tgz.sig`],
    ['a short sum', `${'a'.repeat(63)}  it.tgz`],
    ['a page', '<html>it.tgz</html>'],
  ])('with %s names no file', (_form, list) => {
    expect(findChecksum(list, 'it.tgz')).toBeUndefined();
  });
});

describe("the machine's own mirror", () => {
  it('is the one most sources name', () => {
    const sources = [
      'http://a.example/debian one',
      'http://b.example/debian one',
      'http://b.example/debian one-updates',
    ];
    expect(chooseMirror(sources.join('\n'))).toBe('http://b.example/debian');
  });

  it('is never the security archive, which lacks other suites', () => {
    const security = Array.from({ length: 5 }, () => 'http://s.example/debian-security one-security');
    expect(chooseMirror([...security, 'http://a.example/debian one'].join('\n'))).toBe('http://a.example/debian');
    expect(chooseMirror(security.join('\n'))).toBeUndefined();
  });

  it('is unknown without sources', () => {
    expect(chooseMirror('')).toBeUndefined();
  });
});

describe('archive of an Ollama release', () => {
  it.each([
    ['linux', 'x64', 'ollama-linux-amd64.tar.zst'],
    ['linux', 'arm64', 'ollama-linux-arm64.tar.zst'],
    ['linux', 'riscv64', undefined],
    ['darwin', 'arm64', 'ollama-darwin.tgz'],
    ['freebsd', 'x64', undefined],
  ])('for %s %s is %s', (platform, arch, expected) => {
    expect(archiveFor(platform, arch)).toBe(expected);
  });
});
