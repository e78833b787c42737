import { expect, it } from 'vitest';

import { onceFor } from '../../../domain/once-for.ts';

it('does work once for each key, and again when it failed or was kept too long', () => {
  const once = onceFor<string>(2);
  const done: string[] = [];
  const work = (key: string) => once(key, () => (done.push(key), `result of ${key}`));
  expect([work('a'), work('a'), work('b'), work('a')]).toEqual([
    'result of a',
    'result of a',
    'result of b',
    'result of a',
  ]);
  expect(() =>
    once('c', () => {
      throw new Error('broken');
    }),
  ).toThrow('broken');
  expect(work('c')).toBe('result of c');
  expect(work('a')).toBe('result of a');
  expect(done).toEqual(['a', 'b', 'c', 'a']);
});
