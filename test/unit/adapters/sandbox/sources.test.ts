import { describe, expect, it } from 'vitest';

import { sourcesOf } from '../../../../adapters/sandbox/sources.ts';

const files = {
  'SKILL.md': '# A skill',
  'skill.json': '{}',
  'evals/evals.json': '{"cases":[{"expected":42}]}',
  'main.ts': 'export default (n: number): number => n;',
  'main.py': 'def main(n): return n',
  'notes.txt': 'notes',
  'data/rows.json': '[1]',
};

describe('the sources of a skill', () => {
  it('leave out what describes it, above all its cases', async () => {
    expect(Object.keys(await sourcesOf({ language: 'js', files }))).toEqual(['main.ts', 'data/rows.json']);
    expect(Object.keys(await sourcesOf({ language: 'py', files: { ...files, 'main.ts': '' } }))).toEqual([
      'main.ts',
      'main.py',
      'notes.txt',
      'data/rows.json',
    ]);
  });

  it('have no types, and the same lines', async () => {
    for (let count = 0; count < 2; count += 1) {
      const { 'main.ts': text } = await sourcesOf({ language: 'ts', files });
      expect(text?.replaceAll(' ', '')).toBe('exportdefault(n)=>n;');
    }
  });

  it('name the file whose types cannot be taken away', async () => {
    const broken = { 'a/b.ts': 'export enum Colour { Red }' };
    await expect(sourcesOf({ language: 'ts', files: broken })).rejects.toThrow(/^a\/b\.ts: /);
  });

  it('of others are read after those of a skill that breaks the parser', async () => {
    const nested = { 'main.ts': `export default () => ${'('.repeat(20_000)}1${')'.repeat(20_000)};` };
    await expect(sourcesOf({ language: 'ts', files: nested })).rejects.toThrow(SyntaxError);
    const other = { 'main.ts': 'export default (text: string): string => text;' };
    expect((await sourcesOf({ language: 'ts', files: other }))['main.ts']).not.toContain('string');
  });
});
