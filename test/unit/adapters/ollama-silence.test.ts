import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { watchSilence } from '../../../adapters/ollama-silence.ts';

const failure = new Error('silent');

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('a watch over silence', () => {
  it('aborts with the failure when a wait lasts too long', () => {
    const watch = watchSilence(failure);
    watch.wait(100);
    vi.advanceTimersByTime(99);
    expect(watch.signal.aborted).toBe(false);
    vi.advanceTimersByTime(1);
    expect(watch.signal.reason).toBe(failure);
  });

  it('begins anew with each wait', () => {
    const watch = watchSilence(failure);
    watch.wait(100);
    vi.advanceTimersByTime(60);
    watch.wait(100);
    vi.advanceTimersByTime(60);
    expect(watch.signal.aborted).toBe(false);
  });

  it('does not hold a slow reader against the server', () => {
    const watch = watchSilence(failure);
    watch.wait(100);
    watch.pause();
    vi.advanceTimersByTime(1_000_000);
    expect(watch.signal.aborted).toBe(false);
  });

  it('leaves no timer and an aborted signal behind when it closes', () => {
    const watch = watchSilence(failure);
    watch.wait(100);
    watch.close();
    expect(vi.getTimerCount()).toBe(0);
    expect(watch.signal.aborted).toBe(true);
  });

  it('lasts longer while whoever is silent is alive, and no longer than it may', async () => {
    const watch = watchSilence(failure);
    let looks = 0;
    watch.wait(100, {
      ms: 150,
      isAlive: async () => {
        looks += 1;
        return true;
      },
    });
    await vi.advanceTimersByTimeAsync(249);
    expect(watch.signal.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(watch.signal.reason).toBe(failure);
    expect(looks).toBe(2);
  });

  it.each([
    ['is not alive', async () => false],
    ['cannot be asked', () => Promise.reject(new Error('gone'))],
  ])('ends at its limit when whoever is silent %s', async (_, isAlive) => {
    const watch = watchSilence(failure);
    watch.wait(100, { ms: 1000, isAlive });
    await vi.advanceTimersByTimeAsync(100);
    expect(watch.signal.reason).toBe(failure);
  });

  it('is over when there is a word while it is asked whether somebody is alive', async () => {
    const watch = watchSilence(failure);
    const asked = Promise.withResolvers<boolean>();
    watch.wait(100, { ms: 1000, isAlive: () => asked.promise });
    await vi.advanceTimersByTimeAsync(100);
    watch.pause();
    asked.resolve(false);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(watch.signal.aborted).toBe(false);
    expect(vi.getTimerCount()).toBe(0);
  });
});
