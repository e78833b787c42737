import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { beforeAll, describe, expect, test } from 'vitest';

import { plantFiles, productFolders, root, runTool } from './run-tool.ts';

type Violation = { from: string; to: string; rule: { name: string } };

async function violationsIn(cwd: string, folders: readonly string[]): Promise<Violation[]> {
  const args = ['--config', '.dependency-cruiser.mjs', '--output-type', 'json', ...folders];
  const { stdout, stderr } = await runTool('depcruise', args, cwd);
  expect(stdout, stderr).toMatch(/^\{/);
  const { summary } = JSON.parse(stdout) as { summary: { violations: Violation[] } };
  return summary.violations;
}

/** One file per rule that breaks this rule and no other. */
const breaches: Readonly<Record<string, { file: string; text: string }>> = {
  'domain-values': { file: 'domain/a.ts', text: "import '../workflows/target.ts';" },
  'domain-types': { file: 'domain/b.ts', text: "import type { T } from '../workflows/target.ts'; export type U = T;" },
  'domain-packages': { file: 'domain/c.ts', text: "import 'express';" },
  'domain-built-ins': { file: 'domain/d.ts', text: "import 'node:fs';" },
  'workflows-values': { file: 'workflows/a.ts', text: "import '../activities/target.ts';" },
  'workflows-types': {
    file: 'workflows/b.ts',
    text: "import type { T } from '../adapters/target.ts'; export type U = T;",
  },
  'workflows-packages': { file: 'workflows/c.ts', text: "import '@temporalio/activity';" },
  'workflows-built-ins': { file: 'workflows/d.ts', text: "import 'node:crypto';" },
  'activities-values': { file: 'activities/a.ts', text: "import '../adapters/target.ts';" },
  'activities-types': {
    file: 'activities/b.ts',
    text: "import type { T } from '../workflows/target.ts'; export type U = T;",
  },
  'activities-packages': { file: 'activities/c.ts', text: "import 'ioredis';" },
  'activities-built-ins': { file: 'activities/d.ts', text: "import 'node:net';" },
  'adapters-values': { file: 'adapters/a.ts', text: "import '../workflows/target.ts';" },
  'adapters-types': {
    file: 'adapters/b.ts',
    text: "import type { T } from '../activities/target.ts'; export type U = T;",
  },
  'protocol-values': { file: 'protocol/a.ts', text: "import '../infra/target.ts';" },
  'protocol-types': { file: 'protocol/b.ts', text: "import type { T } from '../infra/target.ts'; export type U = T;" },
  'api-values': { file: 'api/a.ts', text: "import '../adapters/target.ts';" },
  'api-types': { file: 'api/b.ts', text: "import type { T } from '../adapters/target.ts'; export type U = T;" },
  'api-packages': { file: 'api/c.ts', text: "import 'ioredis';" },
  'cli-values': { file: 'cli/a.ts', text: "import '../adapters/target.ts';" },
  'cli-types': { file: 'cli/b.ts', text: "import type { T } from '../workflows/target.ts'; export type U = T;" },
  'cli-packages': { file: 'cli/c.ts', text: "import 'ioredis';" },
  'infra-values': { file: 'infra/a.ts', text: "import '../adapters/target.ts';" },
  'infra-types': { file: 'infra/b.ts', text: "import type { T } from '../adapters/target.ts'; export type U = T;" },
  'no-cycles': { file: 'domain/cycle-a.ts', text: "import type { T } from './cycle-b.ts'; export type U = T;" },
  'no-imported-front-door': { file: 'workers/a.ts', text: "import '../api/target.ts';" },
  'no-test-code': { file: 'infra/d.ts', text: "import '../test/target.ts';" },
  'no-development-packages': { file: 'adapters/c.ts', text: "import 'vitest';" },
  'no-undeclared-packages': { file: 'adapters/d.ts', text: "import 'undeclared';" },
  'no-unresolved': { file: 'infra/c.ts', text: "import './nowhere.ts';" },
};

/** Other ways to write an import; the last word is what must be reported for the file. */
const disguised: Readonly<Record<string, { text: string; rule: string }>> = {
  'domain/dynamic.ts': { text: "export const load = () => import('../adapters/target.ts');", rule: 'domain-values' },
  'domain/re-export.ts': { text: "export * from '../adapters/target.ts';", rule: 'domain-values' },
  'domain/re-export-type.ts': { text: "export type { T } from '../adapters/target.ts';", rule: 'domain-types' },
  'domain/import-type.ts': { text: "export type U = import('../adapters/target.ts').T;", rule: 'domain-values' },
};

/** What the table allows at its edges. */
const honest: Readonly<Record<string, string>> = {
  'domain/honest.ts': "import 'zod'; import './target.ts';",
  'workflows/honest.ts':
    "import '../domain/target.ts'; import type { T } from '../activities/target.ts'; export type U = T;",
  'activities/honest.ts': "import '@temporalio/activity'; import '../domain/target.ts';",
  'adapters/honest.ts':
    "import 'node:fs'; import 'ioredis'; import '../workflows/messages.ts'; import type { T } from '../workflows/target.ts'; export type U = T;",
  'cli/honest.ts': "import '../infra/target.ts'; import '../protocol/target.ts';",
  'api/main.ts': "import '../adapters/target.ts'; import '../workers/target.ts'; import './target.ts';",
  'cli/main.ts': "import '../adapters/target.ts';",
  'workers/honest.ts':
    "import '../adapters/target.ts'; import '../activities/target.ts'; import '../workflows/target.ts';",
};

const folders = [...productFolders, 'protocol'];

function plantedTree(): Record<string, string> {
  const dependencies = Object.fromEntries(
    ['zod', 'express', 'ioredis', '@temporalio/activity', '@temporalio/workflow'].map((name) => [name, '1.0.0']),
  );
  const packages = [...Object.keys(dependencies), 'vitest', 'undeclared'];
  return {
    '.dependency-cruiser.mjs': readFileSync(join(root, '.dependency-cruiser.mjs'), 'utf8'),
    'tsconfig.json': readFileSync(join(root, 'tsconfig.json'), 'utf8'),
    'package.json': JSON.stringify({ type: 'module', dependencies, devDependencies: { vitest: '1.0.0' } }),
    ...Object.fromEntries(packages.map((name) => [`node_modules/${name}/index.js`, ''])),
    ...Object.fromEntries(packages.map((name) => [`node_modules/${name}/package.json`, JSON.stringify({ name })])),
    ...Object.fromEntries([...folders, 'test'].map((folder) => [`${folder}/target.ts`, 'export type T = 1;'])),
    'workflows/messages.ts': 'export const one = 1;',
    'domain/cycle-b.ts': "import type { U } from './cycle-a.ts'; export type T = U[];",
    ...honest,
    ...Object.fromEntries(Object.values(breaches).map(({ file, text }) => [file, text])),
    ...Object.fromEntries(Object.entries(disguised).map(([file, { text }]) => [file, text])),
  };
}

describe('imports', () => {
  let planted: string[] = [];

  beforeAll(async () => {
    using tree = plantFiles(plantedTree());
    const violations = await violationsIn(tree.dir, folders);
    planted = violations.map(({ from, rule }) => `${rule.name}: ${from}`).toSorted();
  });

  test('the tree keeps the import table', async () => {
    const violations = await violationsIn(root, productFolders);
    expect(violations.map(({ from, to, rule }) => `${rule.name}: ${from} -> ${to}`)).toEqual([]);
  });

  test('every rule has a planted breach', async () => {
    const config = (await import(pathToFileURL(join(root, '.dependency-cruiser.mjs')).href)) as {
      default: { forbidden: { name: string }[] };
    };
    expect(Object.keys(breaches).toSorted()).toEqual(config.default.forbidden.map(({ name }) => name).toSorted());
  });

  test.each(Object.entries(breaches))('a breach of %s is found', (rule, { file }) => {
    expect(planted).toContain(`${rule}: ${file}`);
  });

  test.each(Object.entries(disguised))('the disguised import of %s is found', (file, { rule }) => {
    expect(planted).toContain(`${rule}: ${file}`);
  });

  test('nothing but the breaches is reported', () => {
    const expected = Object.entries(breaches).map(([rule, { file }]) => `${rule}: ${file}`);
    expect(planted).toEqual(
      [...expected, ...Object.entries(disguised).map(([file, { rule }]) => `${rule}: ${file}`)].toSorted(),
    );
  });
});
