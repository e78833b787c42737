import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { chainEntry, emptyHead } from '../../../../domain/audit/chain.ts';
import {
  AuditEntry,
  AuditEvent,
  checkEvent,
  formatEntry,
  hashedText,
  parseEntry,
} from '../../../../domain/audit/entry.ts';
import { segmentName, signer } from './segments.ts';

const details = fc.dictionary(
  fc.string({ unit: 'binary' }).filter((key) => key !== '__proto__'),
  fc.oneof(fc.string({ unit: 'binary' }), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean()),
);
const content = fc.record({
  type: fc.constantFrom(...AuditEvent.shape.type.options),
  actor: fc.string({ unit: 'binary' }),
  subject: fc.option(fc.string({ unit: 'binary' }), { nil: undefined }),
  details,
  time: fc.nat(),
});

describe('an audit entry', () => {
  it('is one line of ASCII that reads back as it was, whatever it says', () => {
    fc.assert(
      fc.property(content, (event) => {
        const entry = chainEntry(emptyHead(segmentName(1)), event, signer);
        const line = formatEntry(entry);
        expect(line).toMatch(/^[ -~]+$/);
        const read = parseEntry(line);
        expect(read && hashedText(read)).toBe(hashedText(entry));
        expect(read && formatEntry(read)).toBe(line);
      }),
    );
  });

  it('is hashed over a text of fixed order', () => {
    const entry = chainEntry(
      emptyHead(segmentName(1)),
      { type: 'hold-set', actor: 'core', subject: undefined, details: { b: 2, a: 'x' }, time: 5 },
      signer,
    );
    expect(hashedText(entry)).toBe(
      `["talos-audit-v1","${segmentName(1)}",1,5,"hold-set","core",null,[["a","x"],["b",2]],"${'0'.repeat(64)}"]`,
    );
    expect(formatEntry(entry)).toBe(
      `{"v":1,"segment":"${segmentName(1)}","seq":1,"time":5,"type":"hold-set","actor":"core","details":{"a":"x","b":2},"prev":"${'0'.repeat(64)}","hash":"${entry.hash}","signature":"${entry.signature}"}`,
    );
  });

  it.each([
    ['spaces', (line: string) => line.replace('{"v":1,', '{"v":1, ')],
    ['another order', (line: string) => line.replace(/("seq":1),("time":5)/, '$2,$1')],
    ['an escape that means the same', (line: string) => line.replace('"core"', '"c\\u006fre"')],
    ['a further field', (line: string) => line.replace('{"v":1,', '{"v":1,"w":1,')],
    ['the same number written differently', (line: string) => line.replace('"time":5', '"time":5.0')],
    ['a key twice', (line: string) => line.replace('{"v":1,', '{"v":1,"v":1,')],
    ['a hidden prototype', (line: string) => line.replace('"details":{', '"details":{"__proto__":1,')],
  ])('with %s is refused, although it means the same', (_name, change) => {
    const entry = chainEntry(
      emptyHead(segmentName(1)),
      { type: 'hold-set', actor: 'core', subject: undefined, details: { a: 1 }, time: 5 },
      signer,
    );
    const line = formatEntry(entry);
    expect(parseEntry(line)).toEqual(AuditEntry.parse(entry));
    expect(change(line)).not.toBe(line);
    expect(parseEntry(change(line))).toBeUndefined();
  });
});

describe('an event to append', () => {
  it('gets empty details when it has none', () => {
    expect(checkEvent({ type: 'hold-set', actor: 'core' })).toEqual({ type: 'hold-set', actor: 'core', details: {} });
  });

  it.each(['log-start', 'log-end'] as const)('may not be %s, which the log writes itself', (type) => {
    expect(() => checkEvent({ type, actor: 'core' })).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
  });

  it('may not hold numbers that JSON cannot', () => {
    expect(() => checkEvent({ type: 'hold-set', actor: 'core', details: { a: Number.NaN } })).toThrow(
      expect.objectContaining({ code: 'INTERNAL' }),
    );
  });
});
