import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';

import { type OwnOllama, startOwnOllama } from '../ollama/own-ollama.ts';
import { startPulling } from './support.ts';

let ollama: OwnOllama;
beforeAll(async () => {
  ollama = await startOwnOllama();
});
afterAll(() => ollama[Symbol.asyncDispose]());

const mebibyte = 1024 * 1024;

describe('a connection that is cut at 60 %', () => {
  it('is made again, and only the rest is brought', async () => {
    const faults = { bytesPerSecond: 4_000_000, cutAfter: 2_400_000, cuts: 1 };
    const talos = await startPulling(inject('stack'), { ollama, faults });
    await talos.start();
    expect(await talos.ended()).toMatchObject({ state: 'done' });
    const starts = talos.registry.ranges.map((range) => Number.parseInt(range, 10));
    expect(starts).toHaveLength(2);
    expect(starts[0]).toBe(0);
    expect(starts[1]).toBeGreaterThan(2_000_000);
  });
});

describe('a registry', () => {
  it('that sends something else than it named is asked twice, and what it sent is not kept', async () => {
    const talos = await startPulling(inject('stack'), { ollama, faults: { corrupt: true } });
    await talos.start();
    expect(await talos.ended()).toMatchObject({ state: 'failed', error: { code: 'PULL_CORRUPT' } });
    expect(talos.registry.ranges).toEqual(['0-', '0-']);
    expect(await talos.store.describe(talos.name.listed)).toBeUndefined();
    expect(talos.audited().at(-1)?.details).toMatchObject({ state: 'failed', code: 'PULL_CORRUPT' });
  });

  it('that has no such model ends the pull at once', async () => {
    const talos = await startPulling(inject('stack'), { ollama });
    await talos.start(talos.registry.name('nobody:7b'));
    const end = await talos.ended(talos.registry.listed('nobody:7b'));
    expect(end).toMatchObject({ state: 'failed', attempt: 1, error: { code: 'MODEL_UNKNOWN' } });
  });

  it('that fails for a while is asked again, and the reason is told meanwhile', async () => {
    const talos = await startPulling(inject('stack'), { ollama, faults: { manifestStatus: 503 } });
    await talos.start();
    const waiting = await talos.until(({ attempt, step }) => attempt >= 2 && step === 'waiting');
    expect(waiting.error).toMatchObject({ code: 'PULL_FAILED', message: expect.stringContaining('503') });
    delete talos.registry.faults.manifestStatus;
    const end = await talos.ended();
    expect(end.state).toBe('done');
    expect(end.error).toBeUndefined();
  });

  it('that refuses is not asked again', async () => {
    const talos = await startPulling(inject('stack'), { ollama, faults: { manifestStatus: 403 } });
    await talos.start();
    expect(await talos.ended()).toMatchObject({ state: 'failed', attempt: 1, error: { code: 'PULL_FAILED' } });
  });
});

describe('a disk', () => {
  it('that is as good as full begins no pull, and what is missing is named', async () => {
    const machine = { freeBytes: async () => 300 * mebibyte };
    const talos = await startPulling(inject('stack'), { ollama, machine });
    await talos.start();
    const { error } = await talos.ended();
    expect(error).toMatchObject({ code: 'DISK_FULL', message: expect.stringContaining('lacks 21 MB') });
    expect(talos.registry.asked).toEqual([]);
  });

  it('without room for this model ends the pull before any of it has come', async () => {
    const talos = await startPulling(inject('stack'), { ollama, machine: { freeBytes: shrinking() } });
    await talos.start();
    expect((await talos.ended()).error).toMatchObject({ code: 'DISK_FULL' });
    expect(talos.registry.ranges).toEqual([]);
  });
});

describe('a machine without a network', () => {
  it('asks nobody outside', async () => {
    const talos = await startPulling(inject('stack'), { ollama, machine: { isOnline: () => false } });
    await talos.start('registry.invalid/library/tiny');
    const waiting = await talos.until(({ error }) => error !== undefined, 'registry.invalid/library/tiny:latest');
    expect(waiting.error?.message).toContain('no network');
    expect(talos.audited()).toEqual([]);
    await talos.pullRuntime.stopPull('registry.invalid/library/tiny:latest');
    expect(await talos.ended('registry.invalid/library/tiny:latest')).toMatchObject({ state: 'cancelled' });
  });
});

describe('a lockdown', () => {
  it('refuses a pull', async () => {
    const talos = await startPulling(inject('stack'), { ollama });
    await talos.ports.lockdown.lock({ reason: 'test', by: 'owner', at: 1 });
    await talos.start();
    expect(await talos.ended()).toMatchObject({ state: 'failed', error: { code: 'LOCKDOWN' } });
    expect(talos.registry.asked).toEqual([]);
  });

  it('ends a pull that goes on', async () => {
    const talos = await startPulling(inject('stack'), { ollama, faults: { bytesPerSecond: 400_000 } });
    await talos.start();
    await talos.until(({ percent }) => percent >= 5);
    await talos.ports.lockdown.lock({ reason: 'test', by: 'owner', at: 1 });
    expect(await talos.ended()).toMatchObject({ state: 'failed', error: { code: 'LOCKDOWN' } });
    expect(await talos.store.describe(talos.name.listed)).toBeUndefined();
  });
});

describe('a model server that is killed', () => {
  it('is waited for, and the pull ends well', async () => {
    const talos = await startPulling(inject('stack'), { ollama, faults: { bytesPerSecond: 2_000_000 } });
    await talos.start();
    await talos.until(({ percent }) => percent >= 30);
    await ollama.kill();
    const waiting = await talos.until(({ step }) => step === 'waiting');
    expect(waiting.error).toMatchObject({ code: 'MODEL_UNAVAILABLE' });
    await ollama.restart();
    expect(await talos.ended()).toMatchObject({ state: 'done', percent: 100 });
  });
});

/** Room for the beginning, and then for nothing more. */
function shrinking(): () => Promise<number> {
  let asked = 0;
  return async () => ((asked += 1) === 1 ? 400 : 256) * mebibyte;
}
