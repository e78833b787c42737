import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { createMemoryReportStore } from '../../adapters/memory/report-store.ts';
import { createReportFiles, createReportReader } from '../../adapters/night/report-files.ts';
import { quietReport, quietRun } from '../support/night-reports.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { describeReportStore } from './report-store-suite.ts';

const { privateKey: nodeKey, publicKey } = generateKeyPairSync('ed25519');

function openFiles(dir = join(scratchFolder(), 'reports')) {
  const store = createReportFiles({ dir, nodeKey, now: Date.now, random: randomUUID });
  const path = (id: string) => join(dir, `${id}.json`);
  return { dir, store, path };
}

describeReportStore('reports in memory', async () => createMemoryReportStore());
describeReportStore('reports as files', async () => openFiles().store);

describe('a report as a file', () => {
  const { id } = quietReport();

  it('can be read by its owner alone and leaves no other file', async () => {
    const { dir, store, path } = openFiles();
    await store.write(quietReport());
    expect((await stat(path(id))).mode & 0o777).toBe(0o600);
    expect((await stat(dir)).mode & 0o777).toBe(0o700);
    expect(await readdir(dir)).toEqual([`${id}.json`]);
  });

  it('verifies offline with the public key of the node alone', async () => {
    const { dir, store } = openFiles();
    await store.write(quietReport());
    expect(await createReportReader({ dir, publicKey, now: Date.now }).latest()).toMatchObject({
      sound: true,
      problems: [],
    });
    const stranger = generateKeyPairSync('ed25519').publicKey;
    expect(await createReportReader({ dir, publicKey: stranger, now: Date.now }).latest()).toMatchObject({
      sound: false,
      problems: [expect.stringContaining('another key')],
    });
  });

  it('is not sound once any byte is another', async () => {
    const { store, path } = openFiles();
    await store.write(quietReport());
    const whole = await readFile(path(id));
    const places = fc.integer({ min: 0, max: whole.length - 1 });
    await fc.assert(
      fc.asyncProperty(places, fc.integer({ min: 1, max: 255 }), async (place, change) => {
        const bytes = Buffer.from(whole);
        bytes[place] = (bytes[place] ?? 0) ^ change;
        await writeFile(path(id), bytes);
        expect((await store.get(id))?.sound).toBe(false);
      }),
      { numRuns: 150 },
    );
  });

  it.each([
    ['added blanks', (text: string) => `${text}\n`],
    ['another order of keys', (text: string) => JSON.stringify({ signature: '', ...JSON.parse(text) }, null, 2)],
    ['nothing at all', () => ''],
    ['deep nesting', () => '['.repeat(100_000)],
    ['another number', (text: string) => text.replace('"ms": 400', '"ms": 4')],
  ])('is told to be changed with %s', async (_what, change) => {
    const { store, path } = openFiles();
    await store.write(quietReport());
    await writeFile(path(id), change(await readFile(path(id), 'utf8')));
    const view = await store.latest();
    expect(view?.sound).toBe(false);
    expect(view?.problems).not.toEqual([]);
    expect(await store.list()).toMatchObject([{ id, sound: false }]);
  });

  it('does not pass for the report of another run', async () => {
    const { store, path } = openFiles();
    await store.write(quietReport());
    await writeFile(path('now-other'), await readFile(path(id)));
    expect(await store.get('now-other')).toMatchObject({ sound: false, problems: [expect.stringContaining(id)] });
  });

  it('is written anew in place of one that was changed', async () => {
    const { store, path } = openFiles();
    await store.write(quietReport());
    await writeFile(path(id), 'gone');
    await store.write(quietReport());
    expect(await store.get(id)).toMatchObject({ sound: true });
  });

  it('goes after 400 days, and nothing else of the folder does', async () => {
    const { dir, store, path } = openFiles();
    await store.write(quietReport());
    await writeFile(join(dir, 'notes.txt'), 'mine');
    for (let number = 1; number < 400; number += 1) await writeFile(path(`now-${number}`), '');
    const old = new Date(Date.now() - 401 * 24 * 60 * 60 * 1000);
    for (const file of [path(id), join(dir, 'notes.txt')]) await utimes(file, old, old);
    await store.write(quietReport({ run: quietRun({ id: 'now-next' }) }));
    const left = await readdir(dir);
    expect(left).toHaveLength(401);
    expect(left).toEqual(expect.arrayContaining(['notes.txt', 'now-next.json', 'now-399.json']));
    expect(left).not.toContain(`${id}.json`);
  });

  it('stays among the last 400, by whatever clock the next one is written', async () => {
    const { dir, store } = openFiles();
    await store.write(quietReport());
    const now = () => Date.UTC(2099, 0, 1);
    const ahead = createReportFiles({ dir, nodeKey, now, random: randomUUID });
    await ahead.write(quietReport({ run: quietRun({ id: 'now-next' }) }));
    expect(await store.get(id)).toMatchObject({ sound: true });
  });

  it('fails with the reason where the folder cannot be used', async () => {
    const file = join(scratchFolder(), 'file');
    await writeFile(file, '');
    const { store } = openFiles(join(file, 'reports'));
    await expect(store.write(quietReport())).rejects.toMatchObject({ code: 'REPORTS_UNAVAILABLE' });
    await expect(store.latest()).rejects.toMatchObject({ code: 'REPORTS_UNAVAILABLE' });
  });
});
