import { describe, expect, it } from 'vitest';

import { chainEntry, emptyHead } from '../../../../domain/audit/chain.ts';
import { compareEntries, csvHeader, csvRow } from '../../../../domain/audit/csv.ts';
import { segmentName, signer } from './segments.ts';

function entry(actor: string, time = 0, number = 1) {
  return chainEntry(
    emptyHead(segmentName(number)),
    { type: 'hold-set', actor, subject: undefined, details: { a: 'x,"y"' }, time },
    signer,
  );
}

describe('the CSV export', () => {
  it('has a heading and quotes what needs it', () => {
    expect(csvHeader).toBe('time,segment,seq,type,actor,subject,details,hash\r\n');
    const { hash } = entry('core');
    expect(csvRow(entry('core'))).toBe(
      `1970-01-01T00:00:00.000Z,${segmentName(1)},1,hold-set,core,,"{""a"":""x,\\""y\\""""}",${hash}\r\n`,
    );
  });

  it.each([
    ['=cmd()', "'=cmd()"],
    ['+1', "'+1"],
    ['-1', "'-1"],
    ['@sum', "'@sum"],
    ['\t=1', "'\t=1"],
    ['\r=1', '"\'\r=1"'],
    ['a\nb', '"a\nb"'],
    ['plain', 'plain'],
  ])('writes %j so that no spreadsheet runs it', (actor, cell) => {
    expect(csvRow(entry(actor))).toContain(`,hold-set,${cell},`);
  });

  it('goes by time, then segment', () => {
    const entries = [entry('c', 2, 1), entry('b', 1, 2), entry('a', 1, 1)];
    expect(entries.toSorted(compareEntries).map(({ actor }) => actor)).toEqual(['a', 'b', 'c']);
  });
});
