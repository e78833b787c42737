import { createHash } from 'node:crypto';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';

import { modelFile } from '../../support/model-file.ts';
import { type OwnOllama, startOwnOllama } from '../ollama/own-ollama.ts';
import { startPulling } from './support.ts';

let ollama: OwnOllama;
beforeAll(async () => {
  ollama = await startOwnOllama();
});
afterAll(() => ollama[Symbol.asyncDispose]());

const slow = { bytesPerSecond: 2_000_000 };

describe('a pull', () => {
  it('brings the model, tells how far it is, and ends with its digest', async () => {
    const talos = await startPulling(inject('stack'), { ollama, faults: slow });
    await talos.start();
    const halfway = await talos.until(({ percent }) => percent >= 30 && percent < 100);
    expect(halfway).toMatchObject({ state: 'running', step: 'downloading', host: talos.registry.host });
    expect(halfway.totalBytes).toBeGreaterThan(4_000_000);
    const end = await talos.ended();
    const found = await talos.store.describe(talos.name.listed);
    expect(end).toMatchObject({ state: 'done', percent: 100, digest: found?.digest, completedBytes: found?.sizeBytes });
  });

  it('is on record before anything is asked of the registry, and again with what came', async () => {
    const talos = await startPulling(inject('stack'), { ollama });
    talos.ports.audited.refuse(true);
    await talos.start();
    const waiting = await talos.until(({ error }) => error !== undefined);
    expect(waiting).toMatchObject({ step: 'waiting', error: { code: 'AUDIT_UNAVAILABLE' } });
    expect(talos.registry.asked).toEqual([]);
    talos.ports.audited.refuse(false);
    const end = await talos.ended();
    const about = { actor: 'owner', subject: talos.name.listed };
    expect(talos.audited()).toMatchObject([
      { ...about, details: { host: talos.registry.host, state: 'begun' } },
      {
        ...about,
        details: { host: talos.registry.host, state: 'done', digest: end.digest, sizeBytes: end.totalBytes },
      },
    ]);
  });

  it('asked for twice at the same time is one', async () => {
    const talos = await startPulling(inject('stack'), { ollama, faults: slow });
    await Promise.all([talos.start(), talos.start(), talos.start()]);
    expect((await talos.ended()).state).toBe('done');
    expect(talos.registry.ranges).toEqual(['0-']);
    expect(talos.audited().map(({ details }) => details?.['state'])).toEqual(['begun', 'done']);
  });

  it('can be stopped, and the next one goes on where it was', async () => {
    const talos = await startPulling(inject('stack'), { ollama, faults: slow });
    await talos.start();
    await talos.until(({ percent }) => percent >= 40);
    expect(await talos.pullRuntime.stopPull(talos.name.listed)).toBe(true);
    expect(await talos.ended()).toMatchObject({ state: 'cancelled' });
    expect(await talos.store.describe(talos.name.listed)).toBeUndefined();
    await talos.start(); // at once, while the workflow of the first one may still be ending
    expect(await talos.ended()).toMatchObject({ state: 'done', percent: 100 });
    await expect.poll(() => talos.pullRuntime.isPulling(talos.name.listed)).toBe(false);
    expect(talos.registry.ranges).toHaveLength(2);
    expect(Number.parseInt(talos.registry.ranges[1] ?? '0', 10)).toBeGreaterThan(1_000_000);
  });

  it('goes on telling how far it is when the clock is set back', async () => {
    let behindMs = 0;
    const now = () => Date.now() - behindMs;
    const talos = await startPulling(inject('stack'), { ollama, faults: slow, now });
    await talos.start();
    await talos.until(({ percent }) => percent >= 20);
    behindMs = 3_600_000;
    const told = await talos.until(({ percent, state }) => percent >= 30 || state !== 'running');
    expect(told.percent).toBeLessThan(95);
  });

  it('of a model that is there in other letters is no pull of another one', async () => {
    const talos = await startPulling(inject('stack'), { ollama });
    await talos.start();
    await talos.ended();
    const other = talos.registry.name('Tiny:LATEST');
    await talos.start(other);
    expect(await talos.ended(talos.registry.listed('Tiny:LATEST'))).toMatchObject({ state: 'done' });
    expect((await talos.store.list()).map(({ name }) => name)).toContain(talos.name.listed);
  });

  it('goes on with another worker when its own leaves', async () => {
    const talos = await startPulling(inject('stack'), { ollama, faults: { bytesPerSecond: 250_000 } });
    await talos.start();
    await talos.until(({ percent }) => percent >= 10);
    await talos.stop();
    expect((await talos.models.pulls.get(talos.name.listed))?.state).toBe('running');
    delete talos.registry.faults.bytesPerSecond;
    await talos.serve('core');
    const end = await talos.ended();
    expect(end.state).toBe('done');
    expect(Number.parseInt(talos.registry.ranges.at(-1) ?? '0', 10)).toBeGreaterThan(0);
  });
});

describe('what came', () => {
  it('is checked on the disk, where a killed server may have left a file it never checked', async () => {
    const file = modelFile();
    const digest = createHash('sha256').update(file).digest('hex');
    await mkdir(join(ollama.models, 'blobs'), { recursive: true });
    await writeFile(join(ollama.models, 'blobs', `sha256-${digest}`), Buffer.alloc(file.length, 'x'));
    const talos = await startPulling(inject('stack'), { ollama, file });
    await talos.start();
    expect(await talos.ended()).toMatchObject({ state: 'done' });
    expect(talos.registry.ranges).toEqual(['0-']);
    expect(await talos.models.machine.digestOnDisk(`sha256:${digest}`, AbortSignal.timeout(5000))).toBe(
      `sha256:${digest}`,
    );
  });

  it('leaves no file of the model once it is removed', async () => {
    const talos = await startPulling(inject('stack'), { ollama });
    await talos.start();
    await talos.ended();
    const files = (await talos.store.describe(talos.name.listed))?.files ?? [];
    const kept = () => readdir(join(ollama.models, 'blobs'));
    expect(await kept()).toEqual(expect.arrayContaining(files.map((digest) => digest.replace(':', '-'))));
    await talos.store.remove(talos.name.listed);
    expect((await kept()).filter((file) => files.includes(file.replace('-', ':')))).toEqual([]);
  });
});
