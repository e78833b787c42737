import { describe, expect, it } from 'vitest';

import { SkillManifest } from '../../../../domain/skills/manifest.ts';
import {
  chooseTools,
  inputOf,
  mostTools,
  type OfferedSkill,
  toolOf,
  toolTokens,
} from '../../../../domain/skills/offer.ts';
import { rankSkills } from '../../../../domain/skills/shortlist.ts';
import { mayCall, type ToolRound } from '../../../../domain/skills/tool-rounds.ts';
import { hashOf } from './build.ts';

const text = { type: 'object', properties: { text: { type: 'string' } } };

function skill(id: string, { description = 'does something', input = text as object } = {}): OfferedSkill {
  const base = { id, version: '1.0.0', description, language: 'js', entry: 'main.js', output: {} };
  return { hash: hashOf('a'), manifest: SkillManifest.parse({ ...base, input }) };
}
const room = { systemTokens: 300, contextTokens: 8192, freeTokens: 5000 };

describe('tools', () => {
  it('are at most five, the first that come', () => {
    const skills = Array.from({ length: 8 }, (_, index) => skill(`skill-${index}`));
    expect(chooseTools(skills, room)).toEqual(skills.slice(0, mostTools));
  });

  it('stay within the fixed part of the prompt, and a large one makes room for a small one', () => {
    const large = skill('large', { input: { type: 'object', description: 'x'.repeat(20_000) } });
    expect(chooseTools([large, skill('small')], room).map(({ manifest }) => manifest.id)).toEqual(['small']);
    const many = Array.from({ length: 5 }, (_, index) => skill(`s-${index}`, { description: 'word '.repeat(80) }));
    const chosen = chooseTools(many, { ...room, systemTokens: 1600 });
    expect(chosen.length).toBeGreaterThan(0);
    expect(1600 + toolTokens(chosen.map(toolOf))).toBeLessThanOrEqual(2000);
  });

  it('take at most half of what a long message leaves, and none where it leaves nothing', () => {
    const skills = Array.from({ length: 5 }, (_, index) => skill(`s-${index}`, { description: 'word '.repeat(80) }));
    const chosen = chooseTools(skills, { ...room, freeTokens: 600 });
    expect(chosen.length).toBeGreaterThan(0);
    expect(toolTokens(chosen.map(toolOf))).toBeLessThanOrEqual(300);
    expect(chooseTools(skills, { ...room, freeTokens: -1 })).toEqual([]);
  });

  it('take an object; any other input has a name there', () => {
    expect(toolOf(skill('a')).parameters).toEqual(text);
    expect(inputOf(skill('a'), { text: 'x' })).toEqual({ text: 'x' });
    const number = skill('b', { input: { type: 'number' } });
    expect(toolOf(number).parameters).toEqual({
      type: 'object',
      properties: { input: { type: 'number' } },
      required: ['input'],
    });
    const days = { type: 'array', items: { $ref: '#/$defs/day' } };
    const $defs = { day: { type: 'string' } };
    expect(toolOf(skill('c', { input: { ...days, $defs } })).parameters).toEqual({
      type: 'object',
      properties: { input: days },
      required: ['input'],
      $defs,
    });
    expect(inputOf(number, { input: 3 })).toBe(3);
    expect(inputOf(number, {})).toBeUndefined();
  });
});

describe('the order of skills', () => {
  const skills = [
    skill('csv-summary', { description: 'summarises a table of comma separated values' }),
    skill('unit-conversion', { description: 'converts miles to kilometres' }),
    skill('date-arithmetic', { description: 'adds days to a date' }),
  ];
  const ids = (message: string, nearest: string[]) =>
    rankSkills(skills, { message, nearest }).map(({ manifest }) => manifest.id);

  it('follows the vectors, and the words for what the vectors do not know', () => {
    expect(ids('how many kilometres are ten miles', ['date-arithmetic'])).toEqual([
      'date-arithmetic',
      'unit-conversion',
      'csv-summary',
    ]);
  });

  it('follows the words alone where there are no vectors', () => {
    expect(ids('add ten days to a date', [])[0]).toBe('date-arithmetic');
  });
});

describe('a further round', () => {
  const call = { id: '1-1', call: { id: 'c', name: 's', arguments: {} } };
  const good: ToolRound = { text: '', calls: [call] };
  const spoilt: ToolRound = { text: '', calls: [{ ...call, refusal: 'does not fit' }] };

  it.each([
    ['none so far', [], true],
    ['three', [good, good, good], true],
    ['four', [good, good, good, good], false],
    ['one spoilt', [spoilt], true],
    ['one spoilt and mended', [spoilt, good], true],
    ['two spoilt', [spoilt, spoilt], false],
    ['two spoilt apart', [spoilt, good, spoilt], false],
  ])('after %s', (_name, rounds, may) => {
    expect(mayCall(rounds)).toBe(may);
  });
});
