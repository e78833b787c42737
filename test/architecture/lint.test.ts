import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { beforeAll, describe, expect, test } from 'vitest';

import { plantFiles, root, runTool } from './run-tool.ts';

type LintConfig = { plugins: string[]; rules: Record<string, unknown> };
type LintReport = { diagnostics: { code: string; filename: string }[] };

const config = JSON.parse(readFileSync(join(root, '.oxlintrc.json'), 'utf8')) as LintConfig;

const lines = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => line(index)).join('\n');

/** One violation per rule of .oxlintrc.json: a rule whose plugin is not listed there passes everything without a word. */
const violations: Readonly<Record<string, string>> = {
  'typescript/no-floating-promises': 'async function run(): Promise<void> {}\nrun();',
  'typescript/no-misused-promises':
    'export const run = async (): Promise<boolean> => true;\nif (run()) throw new Error();',
  'typescript/switch-exhaustiveness-check':
    "export function f(kind: 'a' | 'b'): number {\n  switch (kind) {\n    case 'a':\n      return 1;\n  }\n  return 2;\n}",
  'typescript/only-throw-error': "export function f(): never {\n  throw 'text';\n}",
  'typescript/no-explicit-any': 'export const value: any = 1;',
  'typescript/no-unsafe-type-assertion': "export const value = JSON.parse('1') as number;",
  'typescript/consistent-type-imports': "import { Kind } from './target.ts';\nexport const kind: Kind = 1;",
  'typescript/no-import-type-side-effects': "import { type Kind } from './target.ts';\nexport const kind: Kind = 1;",
  'typescript/await-thenable': 'export async function f(): Promise<void> {\n  await 1;\n}',
  'import/no-cycle': "import { back } from './cycle-back.ts';\nexport const forth: unknown = back;",
  'import/no-default-export': 'export default 1;',
  'no-console': "console.log('text');",
  'node/no-process-env': "export const home = process.env['HOME'];",
  'no-var': 'export var value = 1;',
  'prefer-const': 'let value = 1;\nexport const copy = value;',
  'max-lines': lines(301, (index) => `export const value${index} = ${index};`),
  'max-lines-per-function': `export function f(): void {\n${lines(61, (index) => `  f.call(${index});`)}\n}`,
  'max-params': 'export const f = (a: number, b: number, c: number, d: number): number => a + b + c + d;',
  'max-depth':
    'export function f(a: number): void {\n  if (a > 1) {\n    if (a > 2) {\n      if (a > 3) {\n        if (a > 4) f(a);\n      }\n    }\n  }\n}',
  complexity: `export function f(a: number): number {\n${lines(12, (index) => `  if (a === ${index}) return a;`)}\n  return 0;\n}`,
  'unicorn/filename-case': 'export const value = 1;',
};

/** A violation of the `correctness` category per plugin: the plugin is listed and the category is on. `node` has no such rule. */
const pluginViolations: Readonly<Record<string, { code: string; text: string }>> = {
  eslint: { code: 'eslint(no-debugger)', text: 'debugger;' },
  typescript: { code: 'typescript(no-extra-non-null-assertion)', text: 'export const f = (a?: string) => a!!.length;' },
  import: { code: 'import(namespace)', text: "import * as all from './values.ts';\nexport const none = all.missing;" },
  unicorn: { code: 'unicorn(no-useless-spread)', text: 'export const list = [...[1, 2]];' },
  oxc: { code: 'oxc(missing-throw)', text: 'export function f(): void {\n  new Error();\n}' },
  promise: { code: 'promise(valid-params)', text: 'export const value = Promise.all();' },
  node: { code: 'node(no-process-env)', text: 'export const { env } = process;\nexport const home = process.env;' },
};

/** What the exemptions allow. */
const honest: Readonly<Record<string, string>> = {
  'domain/clean.ts': 'export const double = (value: number): number => value * 2;',
  'workers/main.ts': "export const home = process.env['HOME'];",
  'cli/output.ts': 'export const print = (text: string): void => console.log(text);',
  'test/unit/cast.test.ts': "export const value = JSON.parse('1') as number;",
  'tool.config.ts': 'export default {};',
};

function fileOf(rule: string): string {
  if (rule === 'unicorn/filename-case') return 'domain/notKebab.ts';
  return `domain/${rule.replace('/', '-')}.ts`;
}

/** How oxlint prints a rule: `plugin(rule)`, with `eslint` for the rules of the language itself. */
function codeOf(rule: string): string {
  const [plugin, name] = rule.includes('/') ? rule.split('/') : ['eslint', rule];
  return `${plugin}(${name})`;
}

const compilerOptions = {
  target: 'ES2024',
  module: 'NodeNext',
  strict: true,
  noEmit: true,
  allowImportingTsExtensions: true,
  types: [],
};

async function lint(files: Readonly<Record<string, string>>): Promise<LintReport['diagnostics']> {
  using tree = plantFiles({
    'package.json': '{ "type": "module" }',
    '.oxlintrc.json': readFileSync(join(root, '.oxlintrc.json'), 'utf8'),
    'tsconfig.json': JSON.stringify({ compilerOptions, include: ['**/*.ts'] }),
    'domain/globals.d.ts':
      'declare const process: { env: Record<string, string> };\ndeclare const console: { log(text: string): void };',
    ...files,
  });
  const { stdout, stderr } = await runTool('oxlint', ['--type-aware', '--format', 'json', '.'], tree.dir);
  expect(stdout, stderr).toMatch(/^\s*\{/);
  return (JSON.parse(stdout) as LintReport).diagnostics;
}

describe('lint', () => {
  let found: string[] = [];

  beforeAll(async () => {
    const planted = await lint({
      'domain/target.ts': 'export type Kind = 1;',
      'domain/cycle-back.ts': "import { forth } from './import-no-cycle.ts';\nexport const back: unknown = forth;",
      ...Object.fromEntries(Object.entries(violations).map(([rule, text]) => [fileOf(rule), text])),
      'domain/values.ts': 'export const one = 1;',
      ...Object.fromEntries(
        Object.entries(pluginViolations).map(([plugin, { text }]) => [`domain/plugin-${plugin}.ts`, text]),
      ),
      ...honest,
    });
    found = planted.map(({ code, filename }) => `${code} in ${filename}`);
  });

  test('every configured rule has a planted violation', () => {
    expect(Object.keys(violations).toSorted()).toEqual(Object.keys(config.rules).toSorted());
  });

  test.each(Object.keys(violations))('a violation of %s is found', (rule) => {
    expect(found).toContain(`${codeOf(rule)} in ${fileOf(rule)}`);
  });

  test('every plugin has a planted violation', () => {
    expect(Object.keys(pluginViolations).toSorted()).toEqual(['eslint', ...config.plugins].toSorted());
  });

  test.each(Object.entries(pluginViolations))('the plugin %s is on', (plugin, { code }) => {
    expect(found).toContain(`${code} in domain/plugin-${plugin}.ts`);
  });

  test.each(Object.keys(honest))('%s is accepted', (file) => {
    expect(found.filter((line) => line.endsWith(` in ${file}`))).toEqual([]);
  });
});
