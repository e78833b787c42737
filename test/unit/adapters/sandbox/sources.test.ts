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
  it('leave out what describes it, above all its cases', () => {
    expect(Object.keys(sourcesOf({ language: 'js', files }))).toEqual(['main.ts', 'data/rows.json']);
    expect(Object.keys(sourcesOf({ language: 'py', files: { ...files, 'main.ts': '' } }))).toEqual([
      'main.ts',
      'main.py',
      'notes.txt',
      'data/rows.json',
    ]);
  });

  it('have no types, and the same lines', () => {
    expect(sourcesOf({ language: 'ts', files })['main.ts']?.replaceAll(' ', '')).toBe('exportdefault(n)=>n;');
  });

  it('name the file whose types cannot be taken away', () => {
    const broken = { 'a/b.ts': 'export enum Colour { Red }' };
    expect(() => sourcesOf({ language: 'ts', files: broken })).toThrow(/^a\/b\.ts: /);
  });
});
