import { describe, expect, it } from 'vitest';

import { onceFor } from '../../../domain/once-for.ts';

function working(room: { keys: number; chars: number }) {
  const once = onceFor<string>(room);
  const done: string[] = [];
  const work = (key: string, chars = 1) => once({ key, chars }, () => (done.push(key), `result of ${key}`));
  return { once, done, work };
}

describe('work done once', () => {
  it('is done for each key, and again when it failed', () => {
    const { once, done, work } = working({ keys: 9, chars: 9 });
    expect([work('a'), work('a'), work('b'), work('a')]).toEqual([
      'result of a',
      'result of a',
      'result of b',
      'result of a',
    ]);
    const broken = () => {
      throw new Error('broken');
    };
    expect(() => once({ key: 'c', chars: 1 }, broken)).toThrow('broken');
    expect(work('c')).toBe('result of c');
    expect(done).toEqual(['a', 'b', 'c']);
  });

  it('gives up what nobody asked for longest when there are too many keys', () => {
    const { done, work } = working({ keys: 2, chars: 9 });
    for (const key of ['a', 'b', 'a', 'c', 'a', 'b']) work(key);
    expect(done).toEqual(['a', 'b', 'c', 'b']);
  });

  it('gives up as much as it needs, and never keeps what would take all the room', () => {
    const { done, work } = working({ keys: 9, chars: 10 });
    for (const key of ['a', 'b', 'c']) work(key, 3);
    work('big', 11);
    work('d', 6);
    for (const key of ['c', 'd', 'a', 'big']) work(key, 3);
    expect(done).toEqual(['a', 'b', 'c', 'big', 'd', 'a', 'big']);
  });
});
