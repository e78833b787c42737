import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { canonicalBundle, hashBundle } from '../../../../domain/skills/bundle-hash.ts';
import type { BundleFiles } from '../../../../domain/skills/bundle.ts';
import { readBundle } from '../../../../domain/skills/read-bundle.ts';
import { skillTemplate } from '../../../../domain/skills/template.ts';
import { bundleWith, filesWith, filesWithManifest, findings, tools } from './bundles.ts';

const evals = (...cases: unknown[]) => ({
  'evals/evals.json': JSON.stringify({ skill_name: 'word-count', evals: cases }),
});
const good = [1, 2, 3].map((number) => ({
  id: `case-${number}`,
  input: { text: 'a '.repeat(number) },
  assertions: [{ kind: 'equals', path: '/words', value: number }],
}));

const recalling = { 'skill.json': filesWithManifest({ permissions: { memory: 'read' } })['skill.json'] ?? '' };
const recalled = (reply: number) => ({ power: 'memory', input: { query: 'a' }, reply });

describe('reading a bundle', () => {
  it.each(['js', 'ts', 'py'] as const)('takes the template in %s', (language) => {
    const bundle = readBundle(skillTemplate('hello', language), tools);
    expect(bundle).toMatchObject({ manifest: { id: 'hello', language, entry: `scripts/main.${language}` } });
    expect(bundle.cases.length).toBeGreaterThanOrEqual(3);
    expect(bundle.hash).toMatch(/^[0-9a-f]{64}$/);
  });

  it('tells every finding at once, each with file, field, rule and example', () => {
    const files = filesWithManifest({ id: 'Word Count', version: '1', input: 7, extra: true });
    expect(() => readBundle(filesWith({ 'skill.json': files['skill.json'], 'SKILL.md': undefined }), tools)).toThrow(
      expect.objectContaining({ code: 'SKILL_INVALID', details: { findings: 5, file: 'skill.json', field: 'id' } }),
    );
    const all = findings(filesWith({ 'skill.json': files['skill.json'], 'SKILL.md': undefined })).join('\n');
    expect(all).toContain('skill.json, field id: use lower-case letters and digits');
    expect(all).toContain('for example "csv-summary"');
    expect(all).toContain('skill.json, field version: must be a semantic version such as 1.0.0; for example "1.0.0"');
    expect(all).toContain('skill.json: has fields that do not exist: "extra"');
    expect(all).toContain('SKILL.md: is missing');
  });

  it.each([
    '../../x',
    '<b>x</b>',
    'Word-Count',
    'a'.repeat(65),
    '',
    'a--b',
    '-a',
    'a/b',
    'a\u0000',
    'ä',
    'a b',
    'word-count\n',
  ])('refuses the id %j', (id) => {
    expect(findings(filesWithManifest({ id })).join('\n')).toContain('skill.json, field id:');
    expect(() => skillTemplate(id, 'js')).toThrow(expect.objectContaining({ code: 'VALIDATION_FAILED' }));
  });

  it('takes an id of 64 characters', () => {
    expect(bundleWith({}, 'a'.repeat(64)).manifest.id).toHaveLength(64);
  });

  it.each([
    '../../x',
    '/etc/passwd',
    'a/../b',
    './a',
    'a//b',
    '.env',
    'a/.git/config',
    'a\\b',
    'C:\\x',
    'a\u0000.js',
    'a b.js',
    'ä.js',
    '<img>.js',
    'a/',
    '',
    'a'.repeat(201),
    'a/b/c/d/e/f/g/h/i.js',
  ])('refuses the path %j', (path) => {
    expect(findings(filesWith({ [path]: 'x' })).join('\n')).toContain('must be a relative path');
  });

  it('never repeats markup or escapes of a hostile name', () => {
    const [finding = ''] = findings(filesWith({ '<script>\u202e\u001b[31m': 'x' }));
    for (const sign of '<>\u202e\u001b') expect(finding).not.toContain(sign);
  });

  it.each([
    ['two names that differ in case', { 'a.js': '1', 'A.js': '2' }, 'differs from'],
    ['a file and a folder of one name', { data: '1', 'data/x.txt': '2' }, 'which is a file'],
    ['a certificate among its files', { 'certificate.json': '{}' }, 'kept for the promotion certificate'],
    ['a certificate in other letters', { 'Certificate.JSON': '{}' }, 'kept for the promotion certificate'],
    ['a folder no archive of it would bring back', { 'node_modules/a/index.js': '1' }, 'has the part node_modules'],
    ['a file no folder of it would bring back', { 'data/Thumbs.db': '1' }, 'has the part Thumbs.db'],
    ['binary data', { 'a.bin': 'a\u0000b' }, 'must be UTF-8 text'],
    ['half a character', { 'a.txt': '\ud800' }, 'must be UTF-8 text'],
    ['too many bytes', { 'a.txt': 'é'.repeat(50_000) }, 'at most 100000 are allowed (SKILL_MAX_SIZE_BYTES)'],
    ['too many files', Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`f${i}.txt`, ''])), 'at most 100'],
  ])('refuses %s', (_name, changes, rule) => {
    expect(findings(filesWith(changes as Record<string, string>)).join('\n')).toContain(rule);
  });

  it('has the same hash whatever the line ends, byte order mark and order of its files', () => {
    const files = filesWith();
    const dos = Object.fromEntries(
      Object.entries(files)
        .toReversed()
        .map(([path, text]) => [path, `\uFEFF${text.replaceAll('\n', '\r\n')}`]),
    );
    const [unix, windows] = [readBundle(files, tools), readBundle(dos, tools)];
    expect(windows.hash).toBe(unix.hash);
    expect(windows.files).toEqual(unix.files);
  });

  it('is what it was when what is kept of it is read again, whatever its line ends and byte order marks', () => {
    const text = fc.string({ unit: fc.constantFrom('\r', '\n', '\uFEFF', 'a'), maxLength: 8 });
    fc.assert(
      fc.property(text, (notes) => {
        const bundle = bundleWith({ 'notes.md': notes });
        expect(readBundle(bundle.files, tools)).toEqual(bundle);
      }),
    );
    const lonely = { 'notes.md': '\r'.repeat(90_000) };
    expect(bundleWith(lonely).files).toMatchObject(lonely);
  });

  it('has another hash for every other change, be it one byte or one name', () => {
    const { hash } = bundleWith();
    expect(bundleWith({ 'notes.md': '' }).hash).not.toBe(hash);
    expect(bundleWith({ 'scripts/main.js': `${filesWith()['scripts/main.js']} ` }).hash).not.toBe(hash);
    const moved = bundleWith({ 'a.md': 'x', 'b.md': '' }).hash;
    expect(bundleWith({ 'a.md': '', 'b.md': 'x' }).hash).not.toBe(moved);
  });

  it('never gives two bundles one canonical form', () => {
    const some = fc.dictionary(fc.string({ maxLength: 4 }), fc.string({ unit: 'binary', maxLength: 6 }), {
      maxKeys: 3,
    });
    fc.assert(
      fc.property(some, some, (a, b) => {
        const sorted = (files: BundleFiles) =>
          JSON.stringify(Object.entries(files).toSorted(([x], [y]) => (x < y ? -1 : 1)));
        expect(canonicalBundle(a) === canonicalBundle(b)).toBe(sorted(a) === sorted(b));
      }),
    );
  });

  it('hashes exactly the form the documentation gives', () => {
    const form = 'talos-bundle-v1\n8:SKILL.md\n3:é\n\n4:a.js\n0:\n';
    expect(canonicalBundle({ 'a.js': '', 'SKILL.md': 'é\n' })).toBe(form);
    expect(hashBundle({ 'a.js': '', 'SKILL.md': 'é\n' }, tools.hash)).toBe(tools.hash(form));
  });

  it.each([
    ['an entry that is not there', { entry: 'scripts/other.js' }, 'which the bundle does not have'],
    ['an entry of another language', { language: 'py' }, 'must be a file of the language py'],
    ['a host with a wildcard', { permissions: { hosts: ['*.example.org'] } }, 'must be a host such as api.example.org'],
    ['an address in place of a host', { permissions: { hosts: ['169.254.169.254'] } }, 'must be a host'],
    ['an unknown permission', { permissions: { shell: true } }, 'has fields that do not exist: "shell"'],
    [
      'a secret for a host it may not reach',
      { permissions: { secrets: [{ name: 'KEY', host: 'api.example.org', header: 'x-key' }] } },
      'which permissions.hosts does not name',
    ],
    ['limits beyond all bounds', { limits: { timeoutMs: 1e9 } }, 'limits.timeoutMs'],
    ['a schema that is none', { input: { type: 'strnig' } }, 'is no JSON Schema'],
    ['a schema with an unknown keyword', { output: { requierd: ['a'] } }, 'is no JSON Schema'],
  ])('refuses a manifest with %s', (_name, changes, rule) => {
    expect(findings(filesWithManifest(changes)).join('\n')).toContain(rule);
  });

  it.each([
    ['text that is no JSON', '{"id": ', 'skill.json: is no JSON'],
    ['JSON that nests without end', '['.repeat(90_000), 'nests deeper than 64'],
    ['a hidden prototype', '{"__proto__": {}}', 'the key __proto__ is not allowed'],
    ['a list', '[]', 'expected object'],
  ])('refuses a manifest that is %s', (_name, text, rule) => {
    expect(findings(filesWith({ 'skill.json': text })).join('\n')).toContain(rule);
  });

  it.each([
    ['fewer than three', evals(...good.slice(1)), 'evals/evals.json, field evals'],
    [
      'three with the same input',
      evals(...good.map((one) => ({ ...one, input: { text: 'a' } }))),
      'with different inputs',
    ],
    [
      'three with the same input, told apart by what the host answers',
      {
        ...recalling,
        ...evals(...good.map((one, index) => ({ ...one, input: { text: 'a' }, replies: [recalled(index)] }))),
      },
      'with different inputs',
    ],
    ['two of one id', evals(...good, { ...good[0], input: { text: 'z' } }), 'case-1 is there twice'],
    [
      'an input against the schema',
      evals(...good, { ...good[0], id: 'x', input: { txt: 1 } }),
      'field x.input: the value must',
    ],
    [
      'an expectation against the schema',
      evals(...good, { id: 'x', input: { text: '' }, expected: 5 }),
      'field x.expected',
    ],
    [
      'nothing to check',
      evals(...good, { id: 'x', input: { text: '' } }),
      'a case needs "expected" or at least one assertion',
    ],
    [
      'a pattern that could run for ever',
      evals(...good, { id: 'x', input: { text: '' }, assertions: [{ kind: 'matches', pattern: '(a)\\1' }] }),
      'without look-around and back references',
    ],
    [
      'a pointer that is none',
      evals(...good, { id: 'x', input: { text: '' }, assertions: [{ kind: 'exists', path: 'words' }] }),
      'must be a JSON Pointer',
    ],
    [
      'replies of a host without permission',
      evals(...good, {
        id: 'x',
        input: { text: '' },
        expected: { words: 0, longest: '' },
        replies: [{ power: 'fetch', input: { url: 'https://evil.example.org/' }, reply: null }],
      }),
      'which permissions do not name',
    ],
    [
      'the name of another skill',
      { 'evals/evals.json': JSON.stringify({ skill_name: 'x', evals: good }) },
      'must be the id of skill.json',
    ],
  ])('refuses cases with %s', (_name, changes, rule) => {
    expect(findings(filesWith(evals(...good)))).toEqual([]);
    expect(findings(filesWith(changes)).join('\n')).toContain(rule);
  });
});
