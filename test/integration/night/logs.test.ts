import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';

import { beforeEach, describe, expect, it } from 'vitest';

import { packLog } from '../../../adapters/night/log-archive.ts';
import { createLogsPhase } from '../../../adapters/night/logs-phase.ts';
import { scratchFolder } from '../../support/scratch-folder.ts';
import { runPhase, stopAfter } from './run-phase.ts';

const hour = 3_600_000;
const now = new Date(2026, 10, 25, 4).getTime();
const isRoot = process.getuid?.() === 0;

let home = '';
const tier = (number: number) => join(home, `tier${number}`);
beforeEach(() => {
  home = scratchFolder();
  for (const number of [1, 2, 3]) mkdirSync(tier(number));
});

const phase = () =>
  createLogsPhase({
    folders: [
      { dir: tier(2), keepDays: 30 },
      { dir: tier(3), keepDays: 7 },
    ],
    now: () => now,
  });

function plant(
  name: string,
  { text = `${name}\n`, hours = 48, dir = tier(2) }: { text?: string; hours?: number; dir?: string } = {},
): void {
  writeFileSync(join(dir, name), text);
  utimesSync(join(dir, name), now / 1000, (now - hours * hour) / 1000);
}
/** Archives of the last days, as there are where Talos ran every day. */
function plantDays(count: number, dir = tier(2)): void {
  for (let ago = 1; ago <= count; ago += 1) {
    const date = new Date(now - ago * 24 * hour).toISOString().slice(0, 10);
    plant(`daily.${date}.1.log.gz`, { dir, hours: ago * 24 });
  }
}
const inDir = (dir = tier(2)) =>
  readdirSync(dir)
    .filter((name) => !name.startsWith('daily.'))
    .toSorted();
const unpacked = (name: string, dir = tier(2)) => gunzipSync(readFileSync(join(dir, name))).toString();

describe('the night in the logs', () => {
  it('compresses what is closed, removes what is too old, and leaves what is written to', async () => {
    plantDays(30);
    plantDays(7, tier(3));
    plant('api.2026-11-22.1.log');
    plant('api.2026-11-25.1.log', { hours: 0 });
    plant('api.2026-10-20.1.log.gz', { text: 'old archive' });
    plant('worker.2026-11-17.1.log', { dir: tier(3) });
    plant('worker.2026-11-18.1.log', { dir: tier(3) });
    const { counts, notes } = await runPhase(phase());
    expect(counts).toMatchObject({ logsCompressed: 2, logsRemoved: 2 });
    expect(notes).toEqual([]);
    expect(inDir()).toEqual(['api.2026-11-22.1.log.gz', 'api.2026-11-25.1.log']);
    expect(inDir(tier(3))).toEqual(['worker.2026-11-18.1.log.gz']);
    expect(unpacked('api.2026-11-22.1.log.gz')).toBe('api.2026-11-22.1.log\n');
    const { mode, mtimeMs } = statSync(join(tier(2), 'api.2026-11-22.1.log.gz'));
    expect([mode & 0o777, mtimeMs]).toEqual([0o640, now - 48 * hour]);
  });

  it('removes nothing of the last days by a clock that is years ahead', async () => {
    plantDays(28);
    plantDays(5, tier(3));
    const planted = [readdirSync(tier(2)), readdirSync(tier(3))];
    const years = new Date(2099, 0, 2, 4).getTime();
    const folders = [2, 3].map((number) => ({ dir: tier(number), keepDays: number === 2 ? 30 : 7 }));
    const { counts } = await runPhase(createLogsPhase({ folders, now: () => years }));
    expect(counts['logsRemoved']).toBeUndefined();
    expect([readdirSync(tier(2)), readdirSync(tier(3))]).toEqual(planted);
  });

  it('never touches the audit log, whatever its age and size', async () => {
    plant('audit-20200101T000000000Z-api-00000000.jsonl', { dir: tier(1), text: 'x'.repeat(11e6), hours: 24 * 4000 });
    plant('audit.2020-01-01.1.log', { dir: tier(1), hours: 24 * 4000 });
    const read = () => inDir(tier(1)).map((name) => readFileSync(join(tier(1), name), 'utf8').length);
    const before = read();
    await runPhase(phase());
    expect(before).toHaveLength(2);
    expect(read()).toEqual(before);
  });

  it('never writes over an archive: the same name a second time gets another one', async () => {
    const [first, second] = ['a'.repeat(11e6), 'b'.repeat(11e6)];
    plant('api.2026-11-22.1.log', { text: first });
    await runPhase(phase());
    plant('api.2026-11-22.1.log', { text: second });
    await runPhase(phase());
    expect(inDir()).toEqual(['api.2026-11-22.1.log.2.gz', 'api.2026-11-22.1.log.gz']);
    expect(unpacked('api.2026-11-22.1.log.gz')).toBe(first);
    expect(unpacked('api.2026-11-22.1.log.2.gz')).toBe(second);
  });

  it('takes an archive with the same content for the work of a run that was killed', async () => {
    plant('api.2026-11-22.1.log', { text: 'lines' });
    plant('api.2026-11-22.1.log.gz');
    writeFileSync(join(tier(2), 'api.2026-11-22.1.log.gz'), gzipSync('lines'));
    await runPhase(phase());
    expect(inDir()).toEqual(['api.2026-11-22.1.log.gz']);
    expect(unpacked('api.2026-11-22.1.log.gz')).toBe('lines');
  });

  it('keeps a log whose archive is damaged, under another name', async () => {
    plant('api.2026-11-22.1.log', { text: 'lines' });
    plant('api.2026-11-22.1.log.gz', { text: 'no archive' });
    await runPhase(phase());
    expect(unpacked('api.2026-11-22.1.log.2.gz')).toBe('lines');
    expect(readFileSync(join(tier(2), 'api.2026-11-22.1.log.gz'), 'utf8')).toBe('no archive');
  });

  it('leaves a file that a process holds open, however old', async () => {
    plant('api.2026-11-01.1.log');
    plant('api.2026-09-01.1.log');
    const open = ['api.2026-11-01.1.log', 'api.2026-09-01.1.log'].map((name) => openSync(join(tier(2), name), 'a'));
    utimesSync(join(tier(2), 'api.2026-11-01.1.log'), now / 1000, (now - 48 * hour) / 1000);
    await runPhase(phase());
    for (const file of open) writeSync(file, 'more');
    open.forEach(closeSync);
    expect(inDir()).toEqual(['api.2026-09-01.1.log', 'api.2026-11-01.1.log']);
    expect(readFileSync(join(tier(2), 'api.2026-11-01.1.log'), 'utf8')).toMatch(/more$/);
  });

  it('knows what a process holds open also when the home is a link to where it lies', async () => {
    const link = `${home}-link`;
    symlinkSync(home, link);
    plant('api.2026-11-22.1.log');
    const file = openSync(join(link, 'tier2', 'api.2026-11-22.1.log'), 'a');
    const linked = createLogsPhase({ folders: [{ dir: join(link, 'tier2'), keepDays: 30 }], now: () => now });
    await runPhase(linked);
    expect(inDir()).toEqual(['api.2026-11-22.1.log']);
    closeSync(file);
    expect((await runPhase(linked)).counts).toMatchObject({ logsCompressed: 1 });
    unlinkSync(link);
  });

  it('passes over a log it cannot compress, says so, and does all the others', async () => {
    plantDays(7, tier(3));
    const stubborn = `${'a'.repeat(230)}.2026-11-22.1.log`; // no name is left for its archive
    plant(stubborn);
    plant('api.2026-11-22.1.log');
    plant('worker.2026-11-17.1.log', { dir: tier(3) });
    const { counts, notes } = await runPhase(phase());
    expect(counts).toMatchObject({ logsCompressed: 1, logsRemoved: 1 });
    expect(notes.join()).toContain(`A log cannot be compressed (ENAMETOOLONG): ${tier(2)}/aaa`);
    expect(inDir()).toEqual([stubborn, 'api.2026-11-22.1.log.gz']);
    expect(inDir(tier(3))).toEqual([]);
  });

  it('puts output aside that its writer would overwrite, and leaves the file it writes to by name', async () => {
    plant('redis.out.log', { text: 'now' });
    plant('redis.out.log.1', { text: 'before' });
    await runPhase(phase());
    plant('redis.out.log.1', { text: 'later' });
    await runPhase(phase());
    expect(inDir()).toEqual(['redis.out.2026-11-23.1.log.gz', 'redis.out.2026-11-23.2.log.gz', 'redis.out.log']);
    expect(unpacked('redis.out.2026-11-23.1.log.gz')).toBe('before');
    expect(unpacked('redis.out.2026-11-23.2.log.gz')).toBe('later');
  });

  it('packs no link, folder or pipe', async () => {
    writeFileSync(join(home, 'secret'), 'secret');
    execFileSync('ln', ['-s', join(home, 'secret'), join(tier(2), 'api.2026-11-20.1.log')]);
    execFileSync('mkfifo', [join(tier(2), 'api.2026-11-20.2.log')]);
    mkdirSync(join(tier(2), 'api.2026-11-20.3.log'));
    const before = inDir();
    const { counts } = await runPhase(phase());
    expect(counts['logsCompressed']).toBeUndefined();
    expect(inDir()).toEqual(before);
  });

  it('passes over a log that was removed while it was looked at', async () => {
    expect(await packLog(tier(2), 'api.2026-11-22.1.log', new AbortController().signal)).toBeUndefined();
    expect(inDir()).toEqual([]);
  });

  it('stops between two groups, and another run does the rest', async () => {
    const texts = new Map(Array.from({ length: 700 }, (_, at) => [`api.2026-11-20.${at}.log`, `line ${at}\n`]));
    for (const [name, text] of texts) plant(name, { text });
    const { outcome } = await stopAfter(phase(), 1);
    expect(outcome.counts['logsCompressed']).toBe(512);
    await runPhase(phase());
    expect(inDir()).toEqual([...texts.keys()].map((name) => `${name}.gz`).toSorted());
    for (const [name, text] of texts) expect(unpacked(`${name}.gz`)).toBe(text);
  });

  it('stops within a large file and leaves nothing half made', async () => {
    plant('api.2026-11-20.1.log', { text: 'x' });
    plant('api.2026-11-20.2.log', { text: 'y'.repeat(200e6) });
    const { outcome } = await stopAfter(phase(), 1);
    expect(outcome.counts['logsCompressed']).toBe(1);
    expect(inDir()).toEqual(['api.2026-11-20.1.log.gz', 'api.2026-11-20.2.log']);
  });

  it.each([1, 5, 20, 60, 150])(
    'loses nothing when it is killed %i ms after its begin, and ends as if it had not been',
    async (ms) => {
      const texts = new Map(
        Array.from({ length: 400 }, (_, at) => [`api.2026-11-20.${at}.log`, `line ${at}\n`.repeat(200)]),
      );
      for (const [name, text] of texts) plant(name, { text });
      const program = join(import.meta.dirname, 'logs-process.ts');
      const killed = spawn(process.execPath, [program, tier(2), String(now)], { stdio: ['ignore', 'pipe', 'inherit'] });
      await once(killed.stdout, 'data');
      setTimeout(() => killed.kill('SIGKILL'), ms);
      await once(killed, 'close');
      for (const [name, text] of texts) {
        const isThere = inDir().includes(name);
        expect(isThere ? readFileSync(join(tier(2), name), 'utf8') : unpacked(`${name}.gz`)).toBe(text);
      }
      await runPhase(phase());
      expect(inDir()).toEqual([...texts.keys()].map((name) => `${name}.gz`).toSorted());
    },
  );
});

describe('the night on a full disk', () => {
  beforeEach(({ skip }) => skip(!isRoot, 'this test mounts a small file system: run it as root'));

  it('loses no log, removes old ones all the same, and says what it could not do', async () => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m,mode=755', 'tmpfs', tier(2)]);
    try {
      const noise = Buffer.from(Array.from({ length: 600_000 }, (_, at) => (at * 7919 * (at % 251)) % 256)).toString(
        'latin1',
      );
      plant('api.2026-11-20.1.log', { text: Buffer.from(noise, 'latin1').toString('base64').slice(0, 700_000) });
      plantDays(30);
      plant('api.2026-09-20.1.log', { text: 'old' });
      const text = readFileSync(join(tier(2), 'api.2026-11-20.1.log'), 'utf8');
      const { size } = statSync(join(tier(2), 'api.2026-11-20.1.log'));
      expect(gzipSync(text).length + size).toBeGreaterThan(1_048_576);
      const { counts, notes } = await runPhase(phase());
      expect(counts).toMatchObject({ logsRemoved: 1 });
      expect(notes.join()).toMatch(/^The disk is full: 1 logs/);
      expect(inDir()).toEqual(['api.2026-11-20.1.log']);
      expect(readFileSync(join(tier(2), 'api.2026-11-20.1.log'), 'utf8')).toBe(text);
    } finally {
      execFileSync('umount', [tier(2)]);
    }
  });
});
