import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { diffFiles } from '../../../../adapters/code-diff.ts';
import { diffManifests } from '../../../../domain/skills/manifest-diff.ts';
import { type SkillManifest, SkillPermissions } from '../../../../domain/skills/manifest.ts';
import { bundleWith } from './bundles.ts';

const { manifest } = bundleWith();
const host = 'api.example.org';
const withPermissions = (permissions: unknown): SkillManifest => ({
  ...manifest,
  permissions: SkillPermissions.parse(permissions),
});

describe('the difference of two manifests', () => {
  it('is none between a manifest and itself', () => {
    expect(diffManifests(manifest, structuredClone(manifest))).toEqual({ changes: [], grew: false });
  });

  it.each([
    [{ hosts: [host] }, 'It may now send requests to api.example.org.'],
    [
      { hosts: [host], secrets: [{ name: 'KEY', host, header: 'X-Key' }] },
      'have the secret KEY sent to api.example.org as x-key',
    ],
    [{ memory: 'read' }, 'It may now search memories.'],
    [{ tools: ['calc'] }, 'It may now call the tool calc.'],
    [{ folders: [{ name: 'inbox', access: 'write' }] }, 'It may now change the folder inbox.'],
  ])('grows by %j, and shrinks without it', (permissions, sentence) => {
    const grown = diffManifests(manifest, withPermissions(permissions));
    expect(grown.grew).toBe(true);
    expect(grown.changes.join('\n')).toContain(sentence);
    const shrunk = diffManifests(withPermissions(permissions), manifest);
    expect(shrunk.grew).toBe(false);
    expect(shrunk.changes).toHaveLength(grown.changes.length);
  });

  it('grows when the same secret goes to another host, though their number stays', () => {
    const other = 'evil.example.net';
    const secret = (to: string) => ({ hosts: [host, other], secrets: [{ name: 'KEY', host: to, header: 'x-key' }] });
    expect(diffManifests(withPermissions(secret(host)), withPermissions(secret(other))).grew).toBe(true);
  });

  it('grows from reading to changing a folder, not back', () => {
    const [read, write] = ['read', 'write'].map((access) => withPermissions({ folders: [{ name: 'a', access }] }));
    expect(diffManifests(read, write!)).toEqual({ changes: ['It may now change the folder a.'], grew: true });
    expect(diffManifests(write, read!)).toEqual({ changes: ['It may no longer change the folder a.'], grew: false });
  });

  it('grows with a limit', () => {
    const more = { ...manifest, limits: { ...manifest.limits, memoryMiB: 256 } };
    expect(diffManifests(manifest, more)).toEqual({
      changes: ['It may use 256 MiB of memory instead of 128.'],
      grew: true,
    });
    expect(diffManifests(more, manifest).grew).toBe(false);
  });

  it('tells what else changed, which is no growth', () => {
    const after = { ...manifest, version: '0.2.0', entry: 'scripts/b.js', output: { type: 'object' } };
    expect(diffManifests(manifest, after)).toEqual({
      changes: [
        'Its version is "0.2.0" instead of "0.1.0".',
        'Its entry is "scripts/b.js" instead of "scripts/main.js".',
        'The schema of its output changed.',
      ],
      grew: false,
    });
  });

  it('counts everything as new for the first version', () => {
    expect(diffManifests(undefined, withPermissions({ hosts: [host] })).grew).toBe(true);
    expect(diffManifests(undefined, manifest)).toEqual({ changes: [], grew: false });
  });

  it('never grows there and back again', () => {
    const some = fc.record({
      hosts: fc.uniqueArray(fc.constantFrom('a.org', 'b.org', 'c.org')),
      memory: fc.constantFrom('none', 'read'),
      tools: fc.uniqueArray(fc.constantFrom('x', 'y')),
    });
    fc.assert(
      fc.property(some, some, (a, b) => {
        const [one, two] = [withPermissions(a), withPermissions(b)];
        const isEqual = diffManifests(one, two).changes.length === 0;
        const grown = [diffManifests(one, two).grew, diffManifests(two, one).grew];
        expect(grown.includes(true)).toBe(!isEqual);
      }),
    );
  });
});

describe('the difference of the files', () => {
  it('is one patch for each file that differs', () => {
    const before = { 'a.js': 'one\ntwo\nthree\n', 'b.js': 'same\n', 'c.js': 'gone\n' };
    const after = { 'a.js': 'one\n2\nthree\n', 'b.js': 'same\n', 'd.js': 'new\n' };
    const diffs = diffFiles(before, after);
    expect(diffs.map(({ path, change }) => [path, change])).toEqual([
      ['a.js', 'changed'],
      ['c.js', 'removed'],
      ['d.js', 'added'],
    ]);
    expect(diffs[0]?.patch).toContain('@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n');
  });

  it('is told in good time for texts with nothing in common', () => {
    const lines = (word: string) => Array.from({ length: 20_000 }, (_, index) => `${word}${index}`).join('\n');
    const [diff] = diffFiles({ 'a.js': lines('a') }, { 'a.js': lines('b') });
    expect(diff?.patch).toContain('-a19999');
    expect(diff?.patch).toContain('+b19999');
  });
});
