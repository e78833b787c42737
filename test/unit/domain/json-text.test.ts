import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { parseJsonText } from '../../../domain/json-text.ts';

describe('reading JSON that may be hostile', () => {
  it('gives what JSON.parse gives for honest JSON', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), (text) => {
        fc.pre(!text.includes('__proto__'));
        expect(parseJsonText(text, 64)).toEqual({ ok: true, value: JSON.parse(text) });
      }),
    );
  });

  it('counts nesting before anything is built, however deep it is', () => {
    expect(parseJsonText('['.repeat(500_000), 64)).toEqual({ ok: false, reason: 'it nests deeper than 64' });
    expect(parseJsonText(`${'['.repeat(64)}${']'.repeat(64)}`, 64)).toMatchObject({ ok: true });
    expect(parseJsonText(`${'{"a":'.repeat(65)}1${'}'.repeat(65)}`, 64)).toMatchObject({ ok: false });
  });

  it.each([
    ['quotes', '"' + '\\"'.repeat(1_000_000)],
    ['backslashes', '"' + '\\'.repeat(2_000_001)],
    ['a last backslash', '"' + '\\"'.repeat(1_000_000) + '\\'],
  ])('comes to an end over a long text that has none: %s', (_name, text) => {
    expect(parseJsonText(text, 64)).toMatchObject({ ok: false });
  });

  it('does not count brackets inside strings', () => {
    expect(parseJsonText(JSON.stringify('[[[[ \\" {{{{'), 2)).toMatchObject({ ok: true });
  });

  it.each([
    '{"__proto__": {"admin": true}}',
    '{"a": [{"\\u005f_proto__": 1}]}',
    '{"a": 1',
    '"\\ud800"',
    '{"\\ud800": 1}',
    '[1e999]',
    '',
  ])('refuses %s', (text) => {
    expect(parseJsonText(text, 64)).toMatchObject({ ok: false });
  });
});
