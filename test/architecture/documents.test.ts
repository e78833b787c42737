import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { AuditEvent } from '../../domain/audit/entry.ts';
import { settingRows } from '../../domain/config/document.ts';
import { settingGroups } from '../../domain/config/schema.ts';
import { errorCatalogue } from '../../domain/errors.ts';
import { root } from './run-tool.ts';

const pages = ['.', 'docs', 'docs/adr']
  .flatMap((folder) => readdirSync(join(root, folder)).map((file) => join(folder, file)))
  .filter((path) => path.endsWith('.md'));
const decisions = readdirSync(join(root, 'docs/adr')).filter((file) => file !== 'README.md');

/** The code of the program. */
const sources = ['activities', 'adapters', 'api', 'cli', 'domain', 'infra', 'workers', 'workflows']
  .flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)),
  )
  .filter((path) => path.endsWith('.ts'));

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** Targets of the links of a page that lie in this repository. */
function localLinks(path: string): string[] {
  const targets = [...read(path).matchAll(/\]\(([^)#\s]+)/g)].map(([, target = '']) => target);
  return targets.filter((target) => !/^[a-z]+:/.test(target));
}

describe('documents', () => {
  test.each(pages)('every link of %s leads somewhere', (path) => {
    const missing = localLinks(path).filter((target) => !existsSync(join(root, dirname(path), target)));
    expect(missing).toEqual([]);
  });

  test.each(decisions)('decision %s has its four parts', (file) => {
    const text = read(`docs/adr/${file}`);
    expect(file).toMatch(/^\d{3}-[a-z0-9-]+\.md$/);
    expect(text).toMatch(/^Status: (accepted|superseded by \d{3})$/m);
    expect([...text.matchAll(/^## (.+)$/gm)].map(([, part]) => part)).toEqual([
      'Context',
      'Decision',
      'Consequences',
      'Alternatives',
    ]);
  });

  test('decisions are numbered without a gap and listed in their order', () => {
    expect(decisions.map((file) => Number(file.slice(0, 3)))).toEqual(decisions.map((_file, index) => index + 1));
    expect(localLinks('docs/adr/README.md')).toEqual(decisions);
  });

  test('every setting is read by something, or says that it is not', () => {
    const schemas = ['engines', 'intelligence', 'operations', 'serving'].map((name) => `domain/config/${name}.ts`);
    const code = sources.filter((path) => !schemas.includes(path)).map(read);
    const keys = Object.values(settingGroups).flatMap((settings) => Object.keys(settings));
    const rows = settingRows().flatMap((group) => group.rows); // in the same order
    const unread = rows.filter((_, index) => !code.some((text) => new RegExp(`\\b${keys[index]}\\b`).test(text)));
    const saysSo = rows.filter(({ description }) => description.endsWith('nothing reads it yet'));
    expect(saysSo).toEqual(unread);
    expect(rows.length - unread.length).toBeGreaterThan(60);
  });

  test('every kind of audit entry is written by something', () => {
    const code = sources.filter((path) => path !== 'domain/audit/entry.ts').map(read);
    const kinds = AuditEvent.shape.type.options.filter((kind) => kind !== 'log-start' && kind !== 'log-end');
    expect(kinds.filter((kind) => !code.some((text) => text.includes(`'${kind}'`)))).toEqual([]);
  });

  test('every error code is thrown or told by something', () => {
    const code = sources.filter((path) => path !== 'domain/errors.ts').map(read);
    const codes = Object.keys(errorCatalogue);
    expect(codes.filter((name) => !code.some((text) => text.includes(`'${name}'`)))).toEqual([]);
  });

  test('the architecture lists every workflow', () => {
    const exported = [...read('workflows/index.ts').matchAll(/export \{ (\w+) \}/g)].map(([, name = '']) => name);
    const listed = [...read('docs/architecture.md').matchAll(/^\| `(\w+)` \| `/gm)].map(([, name = '']) => name);
    expect(listed.toSorted()).toEqual(exported.toSorted());
  });
});
