import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { root } from './run-tool.ts';

/** Everything at the top of the repository that holds code. */
const topFolders = [
  'activities',
  'adapters',
  'api',
  'cli',
  'domain',
  'infra',
  'protocol',
  'test',
  'web',
  'workers',
  'workflows',
];
const otherFolders = ['docs', 'skills', 'node_modules', 'dist', 'coverage'];
const bannedFolders = /^(utils?|helpers?|common|core|services?|managers?|shared|misc|lib|src|v\d+)$/i;
const indexFiles = ['adapters/index.ts', 'activities/index.ts', 'workflows/index.ts'];

type SourceFile = { readonly path: string; readonly text: string };

/** Finds what breaks the layout in a set of files; each finding names its file first. */
const checks = {
  folders: ({ path }: SourceFile) =>
    path
      .split('/')
      .slice(0, -1)
      .filter((part) => bannedFolders.test(part)),
  index: ({ path }: SourceFile) => (basename(path) === 'index.ts' && !indexFiles.includes(path) ? ['index.ts'] : []),
  length: ({ path, text }: SourceFile) => {
    const count = text.split('\n').filter((line) => line.trim() !== '' && !/^\s*(\/\/|\*|\/\*)/.test(line)).length;
    return path.endsWith('.ts') && count > 300 ? [`${count} lines`] : [];
  },
  environment: ({ path, text }: SourceFile) =>
    isProduct(path) && basename(path) !== 'main.ts' && /\bprocess\s*(\.|\[')\s*env\b/.test(text) ? ['process.env'] : [],
  switchedOffTests: ({ path, text }: SourceFile) =>
    path.endsWith('.test.ts')
      ? [...text.matchAll(/\b(test|it|describe)\.(only|skip|todo|skipIf|runIf|fails)\b/g)].map(String)
      : [],
  mocks: ({ text }: SourceFile) => [...text.matchAll(/\bvi\.(do)?mock\(/gi)].map(String),
  notes: ({ text }: SourceFile) => [...text.matchAll(/\b(TODO|FIXME|XXX|HACK)\b/g)].map(([word]) => word),
} as const satisfies Record<string, (file: SourceFile) => string[]>;

function isProduct(path: string): boolean {
  return !path.startsWith('test/') && path.endsWith('.ts');
}

/** Every source file of ours, with its text; this file itself holds the words it looks for. */
function sources(): SourceFile[] {
  return topFolders
    .flatMap((folder) => {
      try {
        return readdirSync(join(root, folder), { recursive: true, withFileTypes: true });
      } catch {
        return []; // a folder that holds nothing yet is not in the tree
      }
    })
    .filter((entry) => entry.isFile() && /\.(ts|mjs|sh)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length))
    .filter((path) => !path.startsWith('test/fixtures/') && path !== 'test/architecture/layout.test.ts')
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

const breaches: readonly (SourceFile & { check: keyof typeof checks })[] = [
  { check: 'folders', path: 'domain/utils/text.ts', text: '' },
  { check: 'index', path: 'domain/firewall/index.ts', text: '' },
  { check: 'length', path: 'domain/long.ts', text: 'export {};\n'.repeat(301) },
  { check: 'environment', path: 'adapters/redis.ts', text: "const url = process.env['REDIS_URL'];" },
  { check: 'switchedOffTests', path: 'test/unit/a.test.ts', text: "test.only('x', () => {});" },
  { check: 'mocks', path: 'test/unit/b.test.ts', text: "vi.mock('../../domain/chat.ts');" },
  { check: 'notes', path: 'domain/later.ts', text: '// TODO: finish' },
];

const honest: readonly SourceFile[] = [
  { path: 'adapters/index.ts', text: '' },
  { path: 'api/main.ts', text: 'parseConfig(process.env);' },
  { path: 'domain/full.ts', text: `${'export {};\n'.repeat(300)}${'// why\n\n'.repeat(50)}` },
  { path: 'test/unit/c.test.ts', text: "test('skips nothing', () => {});" },
];

describe('layout', () => {
  test.each(Object.entries(checks))('no file breaks: %s', (_name, check) => {
    const found = sources().flatMap((file) => check(file).map((what) => `${file.path}: ${what}`));
    expect(found).toEqual([]);
  });

  test.each(breaches)('a breach is found: $check', ({ check, ...file }) => {
    expect(checks[check](file)).not.toEqual([]);
  });

  test.each(honest)('$path is accepted', (file) => {
    expect(Object.values(checks).flatMap((check) => check(file))).toEqual([]);
  });

  test('every check has a breach', () => {
    expect(breaches.map(({ check }) => check).toSorted()).toEqual(Object.keys(checks).toSorted());
  });

  test('the top of the repository holds only the folders of the layout', () => {
    const folders = readdirSync(root, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map(({ name }) => name);
    expect(folders.filter((name) => ![...topFolders, ...otherFolders].includes(name))).toEqual([]);
  });

  test('the lock file names no host, so that every registry serves it', () => {
    for (const lock of ['package-lock.json', 'infra/node/package-lock.json']) {
      expect(readFileSync(join(root, lock), 'utf8')).not.toMatch(
        /"resolved":|https?:\/\/(?!github\.com\/sponsors)[^"]*\.tgz/,
      );
    }
  });
});
