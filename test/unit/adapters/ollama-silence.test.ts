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
});
