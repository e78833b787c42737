import { describe, expect, it } from 'vitest';

import { createGate } from '../../../adapters/redis-gate.ts';
import { createWatchBoard } from '../../../adapters/watch.ts';

const never = new AbortController().signal;

describe('a board of watches', () => {
  it('wakes those of a topic and leaves the others asleep', async () => {
    const board = createWatchBoard();
    const [one, two, other] = [board.add('a'), board.add('a'), board.add('b')];
    const woken: string[] = [];
    const waits = [one.next(never), two.next(never)].map((wait) => wait.then(() => woken.push('a')));
    const asleep = other.next(never).then(() => woken.push('b'));
    board.wake('a');
    await Promise.all(waits);
    expect(woken).toEqual(['a', 'a']);
    board.wakeAll();
    await asleep;
  });

  it('does not lose a wake-up that comes before the wait', async () => {
    const watch = createWatchBoard().add('a');
    watch.wake();
    await watch.next(never);
  });

  it('ends a wait with the signal and with the close, and takes no room after', async () => {
    const board = createWatchBoard();
    const abort = new AbortController();
    const [one, two] = [board.add('a'), board.add('a')];
    const waits = [one.next(abort.signal), two.next(never)];
    abort.abort();
    board.closeAll();
    await Promise.all(waits);
    expect([one.isOpen, two.isOpen, board.size]).toEqual([false, false, 0]);
  });

  it('takes the same topic again after its last watch closed', () => {
    const board = createWatchBoard();
    const first = board.add('a');
    first.close();
    const second = board.add('a');
    first.close();
    expect(board.size).toBe(1);
    second.close();
    expect(board.size).toBe(0);
  });
});

describe('a gate', () => {
  it('lets through all who waited once it opens', async () => {
    const gate = createGate();
    const passing = Array.from({ length: 100 }, () => gate.pass({ waitMs: 10_000 }));
    gate.open();
    expect(new Set(await Promise.all(passing))).toEqual(new Set([true]));
    gate.shut();
    expect(await gate.pass({ waitMs: 1 })).toBe(false);
  });

  it('gives up with the signal', async () => {
    const abort = new AbortController();
    const passing = createGate().pass({ waitMs: 10_000, signal: abort.signal });
    abort.abort();
    expect(await passing).toBe(false);
    expect(await createGate().pass({ waitMs: 10_000, signal: abort.signal })).toBe(false);
  });
});
