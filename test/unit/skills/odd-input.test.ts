import { describe, expect, it } from 'vitest';

import { answer, problem } from './built-in.ts';

function row(count: number, cell: (at: number) => string): string {
  return Array.from({ length: count }, (_, at) => cell(at)).join(',');
}

describe('a CSV summary', () => {
  const summary = async (csv: string) => await answer('csv-summary', { csv });

  it.each([
    ['nothing', '', { rows: 0, columns: [] }],
    ['a byte order mark alone', '\uFEFF', { rows: 0, columns: [] }],
    ['a mark before quotes', '\uFEFF"a"\n1', { columns: [{ name: 'a', sum: 1 }] }],
    ['line ends of old Macs', 'a,b\r1,2\r3,4', { rows: 2, columns: [{ sum: 4 }, { sum: 6 }] }],
    ['a line end in quotes', 'a,b\n"x\r\ny",2', { rows: 1, columns: [{ most: [{ value: 'x\r\ny' }] }, { sum: 2 }] }],
    ['other delimiters in a quoted name', '"a;b;c",d\n1,2', { columns: [{ name: 'a;b;c' }, { name: 'd' }] }],
    ['a quote that never ends', 'a,b\n1,"2\n3,4', { rows: 1 }],
    ['large whole numbers', 'a\n1234567890123\n1', { columns: [{ sum: 1_234_567_890_124 }] }],
    ['small beside large', 'a\n1e16\n0.1\n-1e16', { columns: [{ sum: 0.1 }] }],
  ])('reads %s', async (_name, csv, expected) => {
    expect(await summary(csv)).toMatchObject(expected);
  });

  it('leaves out a sum no number can hold', async () => {
    const { columns } = (await summary('a\n1e308\n1e308')) as { columns: object[] };
    expect(columns).toEqual([
      {
        name: 'a',
        filled: 2,
        empty: 0,
        distinct: 1,
        type: 'number',
        min: 1e308,
        max: 1e308,
        mean: 1e308,
        median: 1e308,
      },
    ]);
  });

  it('cuts no character in half', async () => {
    const value = `${'x'.repeat(199)}😀`;
    expect(await summary(`${value}\n${value}`)).toMatchObject({
      columns: [{ name: 'x'.repeat(199), most: [{ value: 'x'.repeat(199) }] }],
    });
  });

  it('describes the beginning of a table that is too wide, and says so', async () => {
    expect(await summary(row(20_000, (at) => `c${at}`))).toMatchObject({ columnsLeftOut: 19_850 });
    const wide = [1, 2, 3].map((line) => row(150, () => `${line}${'\u0001'.repeat(300)}`));
    expect(await summary([row(150, () => '\u0001'.repeat(300)), ...wide].join('\n'))).toMatchObject({ rows: 3 });
  });

  it('takes time by its cells, not by rows times columns', async () => {
    const table = `${'a\n'.repeat(150_000)}${row(150_000, () => '')}`;
    expect(await summary(table)).toMatchObject({ rows: 150_000, ragged: 149_999 });
  });
});

describe('date arithmetic', () => {
  it.each([
    [{ operation: 'add', date: '2026-02-30', days: 1 }, problem('2026-02-30 is not a date')],
    [{ operation: 'difference', date: '2026-01-01', until: '2026-13-01' }, problem('2026-13-01 is not a date')],
    [{ operation: 'add', date: '9999-12-31', days: 1 }, problem('beyond the years')],
    [{ operation: 'add', date: '0001-01-01', businessDays: -100_000 }, problem('beyond the years')],
    [
      { operation: 'add', date: '2024-02-29', years: 1 },
      { date: '2025-02-28', weekday: 'Friday' },
    ],
    [{ operation: 'add', date: '2100-02-28', days: 1 }, { date: '2100-03-01' }],
    [{ operation: 'add', date: '2026-03-28', days: 1 }, { date: '2026-03-29' }], // the clocks change in Europe
    [
      { operation: 'difference', date: '2026-03-07', until: '2026-03-09' },
      { days: 2, businessDays: 1 },
    ], // and in America
    [
      { operation: 'difference', date: '2024-02-29', until: '2025-02-28' },
      { days: 365, apart: { years: 1, days: 0 } },
    ],
  ])('answers %j', async (input, expected) => {
    expect(await answer('date-arithmetic', input)).toMatchObject(expected);
  });
});

describe('unit conversion', () => {
  it.each([
    [{ value: 1, from: 'TiB', to: 'B' }, { value: 1_099_511_627_776 }],
    [{ value: 3, from: 'ft', to: 'in' }, { value: 36 }],
    [{ value: 1, from: 'µm', to: 'nm' }, { value: 1000 }],
    [{ value: -273.15, from: '°C', to: 'K' }, { value: 0 }],
    [{ value: -274, from: 'C', to: 'F' }, problem('absolute zero')],
    [{ value: 1e308, from: 'km', to: 'm' }, problem('too large')],
    [{ value: 1, from: 'm', to: 'kg' }, problem('no way from m to kg; known are m, km')],
    [{ value: 1, from: 'c', to: '__proto__' }, problem('no way from')],
    [{ value: 1, from: '\ud83d', to: 'm' }, problem('no way from')],
  ])('answers %j', async (input, expected) => {
    expect(await answer('unit-conversion', input)).toMatchObject(expected);
  });
});

describe('text statistics', () => {
  it.each([
    ['nothing', '', { characters: 0, words: 0, lines: 0, paragraphs: 0 }],
    ['a text without words', ' \n \n', { words: 0, lines: 2, paragraphs: 0 }],
    ['line ends of any kind', 'a\rb\r\n\r\nc\n', { lines: 4, paragraphs: 2 }],
    ['characters of many parts', '👨‍👩‍👧 e\u0301 🇩🇪', { characters: 5, words: 1 }],
    ['one word without end', 'a'.repeat(200_000), { words: 1, topWords: [{ count: 1 }] }],
    ['half a character', 'a \ud83d b', { words: 2 }],
  ])('counts %s', async (_name, text, expected) => {
    expect(await answer('text-statistics', { text })).toMatchObject(expected);
  });
});
