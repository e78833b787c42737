import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createReportFiles, createReportReader } from '../../../../adapters/night/report-files.ts';
import { addReportCommand } from '../../../../cli/commands/report.ts';
import { quietReport, quietRun } from '../../../support/night-reports.ts';
import { createHome } from './harness.ts';

const { privateKey: nodeKey, publicKey } = generateKeyPairSync('ed25519');
let home: Awaited<ReturnType<typeof createHome>>;

beforeEach(async () => {
  home = await createHome();
});
afterEach(() => home.remove());

const dir = () => `${home.dir}/data/reports`;
const report = (...words: string[]) =>
  home.run(addReportCommand, ['report', ...words], {
    reports: createReportReader({ dir: dir(), publicKey, now: Date.now }),
  });

async function write(key: string, writtenAt: number) {
  const store = createReportFiles({ dir: dir(), nodeKey, now: Date.now, random: randomUUID });
  await store.write(quietReport({ run: quietRun({ id: `now-${key}` }), writtenAt, since: 0 }));
}

describe('talos report', () => {
  it('reads the newest report with nothing running', async () => {
    await write('old', Date.now() - 100_000);
    await write('new', Date.now() - 1000);
    const { stdout, stderr, code } = await report();
    expect(stdout.split('\n')).toHaveLength(3);
    expect(stdout).toContain('(just now): a quiet night.');
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
    expect(JSON.parse((await report('--json')).stdout)).toMatchObject({ id: 'now-new', sound: true });
  });

  it('lists them, and reads one by its id', async () => {
    await write('a', Date.now() - 3_700_000);
    await write('b', Date.now());
    const { stdout } = await report('--list');
    expect(stdout).toMatch(/now-b ran yes\n.*1 h 1 min ago now-a ran yes\n/);
    expect((await report('now-a')).stdout).toContain('1 h 1 min ago');
    expect(JSON.parse((await report('--list', '--json')).stdout)).toHaveLength(2);
  });

  it('says that a report was changed, and ends with 70', async () => {
    await write('a', Date.now());
    const path = `${dir()}/now-a.json`;
    await writeFile(path, (await readFile(path, 'utf8')).replace('"state": "ran"', '"state": "failed"'));
    const { stdout, stderr, code } = await report();
    expect(stdout).toContain('CANNOT BE TRUSTED');
    expect(stderr).toContain('REPORT_CHANGED');
    expect(code).toBe(70);
    expect((await report('--list')).stdout).toContain('NO: changed');
    expect((await report('now-a', '--json')).code).toBe(70);
  });

  it('says that the last due time has no report', async () => {
    await write('old', Date.now() - 26 * 3_600_000);
    const { stdout, stderr, code } = await report();
    expect(stderr).toMatch(/The last dream cycle was due .* ago, and there is no report of it: Talos was not running/);
    expect(stdout).toContain('quiet night');
    expect(code).toBe(0);
  });

  it.each([[[]], [['now-unknown']], [['../../secrets']]])('says what to do when there is none: %j', async (words) => {
    const { stderr, code } = await report(...words);
    expect(stderr).toMatch(/NOT_FOUND: There is no report.*talos/s);
    expect(code).toBe(64);
  });
});
