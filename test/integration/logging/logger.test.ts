import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createLogger } from '../../../adapters/logger.ts';
import { removeOldLogs } from '../../../adapters/logger-files.ts';
import { LogLine } from '../../../domain/log.ts';

const dayMs = 86_400_000;
let home = '';
let paths = { operations: '', debug: '' };

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'talos-log-'));
  paths = { operations: join(home, 'tier2'), debug: join(home, 'tier3') };
});

afterEach(() => rm(home, { recursive: true }));

async function textOf(dir: string): Promise<string> {
  const files = (await readdir(dir)).toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  return (await Promise.all(files.map((file) => readFile(join(dir, file), 'utf8')))).join('');
}

async function linesOf(dir: string): Promise<LogLine[]> {
  const lines = (await textOf(dir)).split('\n').slice(0, -1);
  return lines.map((line) => LogLine.parse(JSON.parse(line)));
}

async function fileCount(): Promise<number> {
  return (await readdir(paths.operations)).length;
}

describe('the logger', () => {
  it('writes every level to tier 3, and to tier 2 from the configured one; all is there after close', async () => {
    const logger = await createLogger({ paths, level: 'warn', component: 'api' });
    logger.debug({}, 'one');
    logger.info({}, 'two');
    logger.warn({}, 'three');
    logger.error({}, 'four');
    await logger.close();
    expect((await linesOf(paths.operations)).map(({ message }) => message)).toEqual(['three', 'four']);
    expect((await linesOf(paths.debug)).map(({ message }) => message)).toEqual(['one', 'two', 'three', 'four']);
  });

  it('writes lines of one shape', async () => {
    const logger = await createLogger({ paths, level: 'info', component: 'worker-gpu' });
    logger.bind({ correlationId: 'c.1' }).info({ durationMs: 5, time: 'never' }, 'line\nbreak');
    await logger.close();
    const [line] = await linesOf(paths.operations);
    expect(line).toEqual({
      level: 'info',
      time: expect.any(Number),
      component: 'worker-gpu',
      correlationId: 'c.1',
      durationMs: 5,
      time_: 'never',
      message: 'line\nbreak',
    });
  });

  it('hands the live stream what the operations log gets', async () => {
    const live: LogLine[] = [];
    const stream = {
      append: (line: LogLine) => void live.push(line),
      follow: () => {
        throw new Error('not followed here');
      },
    };
    const logger = await createLogger({ paths, level: 'info', component: 'api', stream });
    logger.debug({}, 'quiet');
    logger.info({ correlationId: 'c.1' }, 'loud');
    await logger.close();
    expect(live).toEqual(await linesOf(paths.operations));
    expect(live.map(({ message }) => message)).toEqual(['loud']);
  });

  it('never writes a secret, wherever it stands', async () => {
    const password = 'a "quoted" password';
    const shown: string[] = [];
    const stderr = (text: string) => void shown.push(text);
    const logger = await createLogger({ paths, level: 'debug', component: 'api', secrets: [password], stderr });
    logger.info({ note: `it is ${password}` }, `as they say: ${password}`);
    logger.error({ err: new Error(password), headers: { authorization: 'Basic c2VjcmV0' } }, 'failed');
    logger.fatal({ deep: [[password]] }, 'fatal');
    await logger.close();
    const all = `${await textOf(paths.operations)}${await textOf(paths.debug)}${shown.join('')}`;
    expect(all).toContain('as they say: [redacted]');
    expect(all).not.toContain('quoted');
    expect(all).not.toContain('c2VjcmV0');
  });

  it('says only fatal lines on stderr', async () => {
    const shown: string[] = [];
    const logger = await createLogger({
      paths,
      level: 'info',
      component: 'api',
      stderr: (text) => void shown.push(text),
    });
    logger.error({}, 'an error');
    logger.fatal({}, 'the end');
    await logger.close();
    expect(shown.map((line) => LogLine.parse(JSON.parse(line)).message)).toEqual(['the end']);
  });

  it('starts a new file when one is full and loses no line', async () => {
    const logger = await createLogger({ paths, level: 'info', component: 'api', fileSize: '2k' });
    let written = 0;
    while (written < 500) {
      for (let more = 0; more < 50; more += 1) logger.info({ number: (written += 1) }, 'a line');
      // A file is changed between writes, so let the log come to rest.
      await expect.poll(async () => (await linesOf(paths.operations)).length).toBe(written);
    }
    await logger.close();
    expect(await fileCount()).toBeGreaterThan(2);
    const kept = (await linesOf(paths.operations)).map((line) => line['number']);
    expect(kept).toEqual(Array.from({ length: written }, (_, index) => index + 1));
  });

  it('names files by component and day, readable for the group only', async () => {
    const logger = await createLogger({ paths, level: 'info', component: 'api' });
    logger.info({}, 'a line');
    await logger.close();
    const [file = ''] = await readdir(paths.operations);
    expect(file).toMatch(/^api\.\d{4}-\d{2}-\d{2}\.\d+\.log$/);
    expect((await stat(join(paths.operations, file))).mode & 0o777).toBe(0o640);
  });

  it('goes on when the disk is full and says so once', async () => {
    const shown: string[] = [];
    const logger = await createLogger({
      paths,
      level: 'info',
      component: 'api',
      stderr: (text) => void shown.push(text),
    });
    const limit = (bytes: string) =>
      execFileSync('/usr/bin/prlimit', ['--pid', String(process.pid), `--fsize=${bytes}:unlimited`]);
    limit('10');
    try {
      for (let number = 0; number < 50; number += 1) logger.info({}, 'x'.repeat(100));
      await logger.close();
    } finally {
      limit('unlimited');
    }
    expect(shown.filter((text) => text.includes('tier2'))).toHaveLength(1);
  });
});

describe('old logs', () => {
  async function plant(dir: string, name: string, ageDays: number): Promise<void> {
    await mkdir(dir, { recursive: true });
    await writeFile(join(dir, name), 'old');
    const time = new Date(Date.now() - ageDays * dayMs);
    await utimes(join(dir, name), time, time);
  }

  it('are kept for 30 days in tier 2 and for 7 in tier 3', async () => {
    for (const dir of [paths.operations, paths.debug]) {
      for (let age = 1; age <= 30; age += 1) await plant(dir, `daily.${age}.log`, age - 0.5);
      for (const age of [1, 8, 29, 31]) await plant(dir, `worker.${age}.log`, age);
    }
    const logger = await createLogger({ paths, level: 'info', component: 'api' });
    await logger.close();
    const planted = (names: string[]) => names.filter((name) => name.startsWith('worker')).toSorted();
    expect(planted(await readdir(paths.operations))).toEqual(['worker.1.log', 'worker.29.log', 'worker.8.log']);
    expect(planted(await readdir(paths.debug))).toEqual(['worker.1.log']);
  });

  it('are those of days of which there are logs: by a clock that is years ahead nothing goes', async () => {
    for (let age = 3001; age <= 3029; age += 1) await plant(paths.operations, `worker.${age}.log`, age);
    await removeOldLogs(paths.operations, 30);
    expect(await readdir(paths.operations)).toHaveLength(29);
  });

  it('are nothing but logs', async () => {
    for (let age = 1; age <= 30; age += 1) await plant(paths.operations, `daily.${age}.log`, age - 0.5);
    for (const name of ['notes.txt', 'redis.log', 'worker.log.gz']) await plant(paths.operations, name, 400);
    await mkdir(join(paths.operations, 'kept.log'));
    await removeOldLogs(paths.operations, 30);
    const left = (await readdir(paths.operations)).filter((name) => !name.startsWith('daily'));
    expect(left.toSorted()).toEqual(['kept.log', 'notes.txt']);
  });
});
