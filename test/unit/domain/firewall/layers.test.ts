import { describe, expect, it } from 'vitest';

import { decodeBase64Runs } from '../../../../domain/firewall/base64.ts';
import { scanCharacters, scanPatterns } from '../../../../domain/firewall/layers.ts';
import { hiddenTagText, normalise } from '../../../../domain/firewall/normalise.ts';
import { rules } from '../../../../domain/firewall/rules.ts';
import { attacks } from './attacks.ts';

describe('normalising', () => {
  it.each([
    ['Crème  Brûlée', 'creme brulee'],
    ['a\u200Bb\u202Ec', 'abc'],
    ['pаypal', 'paypal'],
    ['Привет, мир', 'привет, мир'],
    ['Καλημέρα', 'καλημερα'],
    ['&lt;b&gt; &amp;amp; &bogus;', '<b> & &bogus;'],
    ['100%, 5 %20x', '100%, 5 x'],
    ['%E4%BD%A0%E5%A5%BD', '你好'],
    ['one\r\n\r\n  two\tthree', 'one\ntwo three'],
    ['가나다 हिन्दी ไทย', '가나다 हिन्दी ไทย'],
    ['&#xD800;&#1114112;x', 'x'],
    ['\\u{110000}\\ud83d\\ude00 C:\\Users', '😀 c:\\users'],
    ['Łódź, Ærø, ısırgan', 'lodz, æro, isirgan'],
    ['Հայերեն ᏣᎳᎩ', 'հայերեն ꮳꮃꭹ'],
  ])('%j becomes %j', (text, expected) => {
    expect(normalise(text)).toBe(expected);
  });

  it('reads what tag characters hide, and leaves flags alone', () => {
    expect(hiddenTagText('a\u{E0068}\u{E0069}b')).toBe('hi');
    expect(hiddenTagText('plain')).toBe('');
  });
});

describe('decoding', () => {
  it('finds nothing in ordinary prose', () => {
    expect(decodeBase64Runs('The quick brown fox jumps over the lazy dog.').texts).toEqual([]);
  });

  it('says when the budget ended before the text', () => {
    const dense = 'QUJD'.repeat(50_000);
    expect(decodeBase64Runs(dense).texts.length).toBeGreaterThan(0);
    expect(decodeBase64Runs('short').isExhausted).toBe(false);
  });
});

describe('symbol ratio', () => {
  it.each([['!!!???***%%%###@@@~~~ hi ~~~@@@###%%%***'], ['$ % $ % $ % $ % $ % words $ % $ % $ % $ %']])(
    'records %s as low',
    (text) => {
      expect(scanCharacters(text)).toEqual([{ rule: 'symbol-ratio', severity: 'low', layer: 'L3' }]);
    },
  );

  it.each([
    ['code', 'if (a[0] != b) { return {x: [1, 2], y: f(g(h))}; }\nfor (;;) { i += 1; }'],
    ['JSON', '{"a":[1,2,{"b":null}],"c":"d","e":{},"f":[[],[]]}'],
    ['fenced symbols', '```\n!!!???***%%%###@@@~~~\n``` what is this file about, please?'],
    ['Hindi', 'नमस्ते, आप कैसे हैं? मैं ठीक हूँ।'],
    ['Thai', 'สวัสดีครับ วันนี้อากาศดีมาก'],
    ['Arabic', 'كيف حالك اليوم يا صديقي العزيز؟'],
    ['emoji', '😀😃😄😁😆😅😂🤣😊😇🙂🙃😉😌😍🥰😘😗😙😚'],
    ['a table', '| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |'],
    ['a short shout', '?!?!?!'],
  ])('says nothing of %s', (_name, text) => {
    expect(scanCharacters(text)).toEqual([]);
  });
});

describe('hidden characters', () => {
  it.each(['pass\u200Bword', 'read \u202Eti sdrawkcab', '\u200B\u200C\u200D\u2060'])('are recorded in %j', (text) => {
    expect(scanPatterns(text, { believesMentions: true })).toEqual([
      { rule: 'invisible-characters', severity: 'medium', layer: 'L1' },
    ]);
  });

  it.each(['👩‍👩‍👧', 'می‌خواهم', 'क्‍ष', '\uFEFFstart of a file'])('that belong there are not: %j', (text) => {
    expect(scanPatterns(text, { believesMentions: true })).toEqual([]);
  });
});

describe('the rule book', () => {
  it('has an attack for every rule that blocks', () => {
    const blocking = rules.filter((rule) => rule.severity === 'critical' || rule.severity === 'high');
    expect(new Set(attacks.map(([rule]) => rule))).toEqual(new Set(blocking.map((rule) => rule.id)));
  });

  it('has no unbounded repetition', () => {
    for (const pattern of rules.flatMap((rule) => rule.patterns)) {
      expect(pattern.source).not.toMatch(/(?<!\\)[*+](?![^[\]]*\])|\{\d+,\}/);
    }
  });
});
