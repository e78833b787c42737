import fc from 'fast-check';
import { expect, it } from 'vitest';

import { formatMark, parseMark } from '../../../../domain/night/supervisor-mark.ts';

it('a mark comes back as it was written', () => {
  const part = fc.stringMatching(/^[\w-]{1,40}$/);
  const marks = fc.record({
    place: fc.stringMatching(/^[0-9a-f]{12}$/),
    pid: fc.nat(),
    startedAt: fc.stringMatching(/^\d{1,12}$/),
    unique: part,
  });
  fc.assert(
    fc.property(marks, (mark) => {
      expect(parseMark(formatMark(mark))).toEqual({ ...mark });
    }),
  );
});

it.each([
  '',
  'x',
  '0b8e0a2e-7a53-4c8f-9f0b-3b1c1a0d2f11',
  'abcdefabcdef.1.2',
  'abcdefabcdef.x.2.u',
  'ABCDEFABCDEF.1.2.u',
])('%j is no mark', (text) => {
  expect(parseMark(text)).toBeUndefined();
});
