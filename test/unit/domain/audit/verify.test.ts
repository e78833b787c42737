import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { type AuditReport, type SegmentText, verifySegments } from '../../../../domain/audit/verify.ts';
import { checker, event, otherSigner, segmentName, writeSegment } from './segments.ts';

const first = writeSegment(1, [event(1, { tokens: 3 }), event(2), event(3)]);
const second = writeSegment(2, [event(4)], { records: [first.head] });

function verify(...segments: SegmentText[]): AuditReport {
  return verifySegments(segments, checker);
}

function withLines(segment: SegmentText, lines: readonly string[]): SegmentText {
  return { name: segment.name, text: lines.map((line) => `${line}\n`).join('') };
}

describe('a sound log', () => {
  it('has no findings', () => {
    expect(verify(first, second)).toEqual({ segments: 2, entries: 8, findings: [], torn: [], open: [] });
  });

  it('may be empty', () => {
    expect(verify().findings).toEqual([]);
  });

  it('may have a segment that is still written, and times that go backwards', () => {
    const open = writeSegment(3, [event(5), event(6)], { isClosed: false });
    expect(verify(open)).toMatchObject({ findings: [], open: [open.name] });
  });

  it('may end in a torn line where a process was killed, which is said and is no tampering', () => {
    const open = writeSegment(3, [event(5)], { isClosed: false });
    const torn = { name: open.name, text: `${open.text}{"v":1,"segm` };
    expect(verify(torn)).toMatchObject({ findings: [], torn: [{ segment: open.name, line: 3 }] });
  });

  it('may record a segment that has grown since', () => {
    const [start, , ...rest] = first.lines;
    const early = { segment: first.name, seq: 2, hash: hashOf(first.lines[1]) };
    expect([start, ...rest].length).toBeGreaterThan(2);
    expect(verify(first, writeSegment(4, [], { records: [early] })).findings).toEqual([]);
  });
});

describe('tampering', () => {
  it.each([
    ['a line removed', withLines(first, first.lines.toSpliced(2, 1)), 'out-of-place', 3],
    ['the start removed', withLines(first, first.lines.slice(1)), 'start-missing', 1],
    ['a line twice', withLines(first, first.lines.toSpliced(2, 0, first.lines[1] ?? '')), 'out-of-place', 3],
    [
      'two lines swapped',
      withLines(first, first.lines.with(1, first.lines[2] ?? '').with(2, first.lines[1] ?? '')),
      'out-of-place',
      2,
    ],
    ['a line of another segment', withLines(first, first.lines.with(1, second.lines[1] ?? '')), 'out-of-place', 2],
    [
      'a changed fact',
      withLines(first, first.lines.with(1, (first.lines[1] ?? '').replace('"tokens":3', '"tokens":4'))),
      'changed',
      2,
    ],
    ['a line after the end', { name: first.name, text: `${first.text}${first.lines[1]}\n` }, 'after-end', 6],
    ['a torn line after the end', { name: first.name, text: `${first.text}{"v"` }, 'after-end', 6],
    ['everything removed', { name: first.name, text: '' }, 'start-missing', 1],
    ['the file given another name', { ...first, name: segmentName(9) }, 'out-of-place', 1],
  ] as const)('%s is found in its line', (...[, segment, kind, line]) => {
    expect(verify(segment).findings[0]).toMatchObject({ kind, line, segment: segment.name });
  });

  it('of one line is one finding where the chain goes on', () => {
    const changed = withLines(first, first.lines.with(1, 'nonsense'));
    expect(verify(changed).findings).toHaveLength(1);
  });

  it('by someone who hashes everything anew is found by the signatures', () => {
    const forged = writeSegment(1, [event(1), event(3)], { by: otherSigner });
    expect(verify(forged).findings.map((finding) => finding.kind)).toEqual(Array(4).fill('changed'));
  });

  it('finds a removed segment by the start that recorded it', () => {
    expect(verify(second).findings).toMatchObject([{ kind: 'segment-missing', segment: first.name }]);
  });

  it('finds a segment that lost its last lines', () => {
    const cut = withLines(first, first.lines.slice(0, -2));
    expect(verify(cut, second).findings).toMatchObject([{ kind: 'segment-cut', segment: first.name }]);
  });

  it('finds a segment replaced by another one that is sound in itself', () => {
    const other = writeSegment(1, [event(1), event(2), event(7)]);
    expect(verify(other, second).findings).toMatchObject([{ kind: 'segment-replaced', segment: first.name }]);
  });

  it('of any one byte is found', () => {
    const bytes = Buffer.from(first.text, 'latin1');
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (position, flip) => {
        const changed = Buffer.from(bytes);
        changed[position] = (changed[position] ?? 0) ^ flip;
        const report = verify({ name: first.name, text: changed.toString('latin1') }, second);
        return report.findings.length > 0;
      }),
      { numRuns: 2000 },
    );
  });

  it('by removing, repeating or swapping any lines is found', () => {
    const place = fc.nat(first.lines.length - 1);
    const change = fc.oneof(
      place.map((at) => first.lines.toSpliced(at, 1)),
      fc.tuple(place, place).map(([from, to]) => first.lines.toSpliced(to, 0, first.lines[from] ?? '')),
      fc
        .tuple(place, place)
        .filter(([a, b]) => a !== b)
        .map(([a, b]) => first.lines.with(a, first.lines[b] ?? '').with(b, first.lines[a] ?? '')),
    );
    fc.assert(
      fc.property(change, (lines) => verify(withLines(first, lines), second).findings.length > 0),
      { numRuns: 300 },
    );
  });
});

function hashOf(line: string | undefined): string {
  return /"hash":"([0-9a-f]{64})"/.exec(line ?? '')?.[1] ?? '';
}
