import { describe, expect, it } from 'vitest';

import { readSkill } from '../../../../domain/skills/external-skill.ts';
import { filesWith, findings, tools } from './bundles.ts';

describe('SKILL.md', () => {
  const withDocument = (text: string) => findings(filesWith({ 'SKILL.md': text })).join('\n');

  it.each([
    ['plain', '---\nname: word-count\ndescription: Counts words\n---\n'],
    [
      'with all fields',
      '---\nname: word-count\ndescription: >\n  Counts\n  words\nlicense: MIT\ncompatibility: any\nmetadata:\n  version: 1.0\n---\n# Hi',
    ],
    [
      'with fields of other programs',
      '---\nname: "word-count"\ndescription: \'x: y\'\nallowed-tools: Read Write\nhooks: [a]\n---',
    ],
  ])('is read when it is %s', (_name, text) => {
    expect(withDocument(text)).toBe('');
  });

  it.each([
    ['no front matter', '# Hello', 'must begin with front matter'],
    ['broken YAML', '---\nname: [\n---\n', 'is no YAML'],
    ['no name', '---\ndescription: x\n---\n', 'SKILL.md, field name'],
    ['an empty description', '---\nname: word-count\ndescription: " "\n---\n', 'say what the skill does'],
    [
      'a long description',
      `---\nname: word-count\ndescription: ${'x'.repeat(1025)}\n---\n`,
      'use at most 1024 characters',
    ],
    ['another name', '---\nname: other\ndescription: x\n---\n', 'must be the id of skill.json; for example word-count'],
    ['a name that leaves its folder', '---\nname: ../../x\ndescription: x\n---\n', 'SKILL.md, field name'],
    ['aliases that multiply', '---\nname: &a word-count\ndescription: *a\n---\n', 'is no YAML'],
  ])('is refused with %s', (_name, text, rule) => {
    expect(withDocument(text)).toContain(rule);
  });
});

describe('a skill by the Agent Skills format', () => {
  const external = {
    'SKILL.md': '---\nname: pdf-forms\ndescription: Fills in forms\nlicense: MIT\n---\n\n# How to',
    'references/a.md': '# A',
  };

  it('is read without skill.json, and says what it lacks to be run', () => {
    const skill = readSkill(external, tools);
    expect(skill).toMatchObject({ kind: 'instructions', frontMatter: { name: 'pdf-forms', license: 'MIT' } });
    const lacks = skill.kind === 'instructions' ? skill.lacks.join('\n') : '';
    expect(lacks).toMatch(/skill\.json: is missing[\s\S]*evals\/evals\.json: is missing[\s\S]*has no code/);
  });

  it('is runnable when it has all', () => {
    expect(readSkill(filesWith(), tools)).toMatchObject({
      kind: 'runnable',
      bundle: { manifest: { id: 'word-count' } },
    });
  });

  it('is refused when its paths or its SKILL.md break the rules', () => {
    expect(() => readSkill({ ...external, '../x': '' }, tools)).toThrow(
      expect.objectContaining({ code: 'SKILL_INVALID' }),
    );
    expect(() => readSkill({ 'references/a.md': 'x' }, tools)).toThrow(/SKILL.md: is missing/);
  });
});
