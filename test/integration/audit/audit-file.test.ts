import { execFileSync, fork } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { on, once } from 'node:events';
import { appendFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { openAuditLog } from '../../../adapters/audit-file.ts';
import { exportAuditCsv, verifyAuditDir } from '../../../adapters/audit-file-reader.ts';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const strangerKey = generateKeyPairSync('ed25519').publicKey;
let home = '';
let dir = '';

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'talos-audit-'));
  dir = join(home, 'tier1');
});

afterEach(async () => {
  limitFileSize('unlimited');
  await rm(home, { recursive: true, force: true });
});

function open(options: { process?: string; now?: () => number; maxSegmentBytes?: number } = {}) {
  const random = () => randomBytes(4).toString('hex');
  return openAuditLog({ dir, process: 'test', privateKey, now: Date.now, random, ...options });
}

/** Lets no file grow past this, as a full disk would; the hard limit stays, so that it can be lifted. */
function limitFileSize(bytes: number | 'unlimited'): void {
  execFileSync('/usr/bin/prlimit', ['--pid', String(process.pid), `--fsize=${bytes}:unlimited`]);
}

async function segmentFiles(): Promise<string[]> {
  return (await readdir(dir)).toSorted().map((file) => join(dir, file));
}

describe('the audit log on disk', () => {
  it('verifies with the node key and no other', async () => {
    const log = await open();
    await log.append({ type: 'model-called', actor: 'worker', subject: 'c.1', details: { model: 'talos-test' } });
    await log.close();
    expect(await verifyAuditDir(dir, publicKey)).toMatchObject({ segments: 1, entries: 3, findings: [], open: [] });
    expect((await verifyAuditDir(dir, strangerKey)).findings).toHaveLength(3);
  });

  it('has an entry on disk as soon as the append resolves', async () => {
    const log = await open();
    const { hash } = await log.append({ type: 'hold-set', actor: 'core' });
    const [file = ''] = await segmentFiles();
    expect(await readFile(file, 'utf8')).toContain(`"hash":"${hash}"`);
    await log.close();
  });

  it('lets others of the group read, and nobody but the owner write', async () => {
    const log = await open();
    const [file = ''] = await segmentFiles();
    expect((await stat(file)).mode & 0o777).toBe(0o640);
    expect((await stat(dir)).mode & 0o777).toBe(0o750);
    await log.close();
  });

  it('keeps hundreds of appends at once in order', async () => {
    const log = await open();
    const numbers = Array.from({ length: 300 }, (_, index) => index);
    const receipts = await Promise.all(
      numbers.map((number) => log.append({ type: 'model-called', actor: 'w', details: { number } })),
    );
    await log.close();
    expect(receipts.map(({ seq }) => seq)).toEqual(numbers.map((number) => number + 2));
    expect(await verifyAuditDir(dir, publicKey)).toMatchObject({ entries: 302, findings: [] });
  });

  it('verifies after the clock was set back', async () => {
    let now = 2_000_000_000_000;
    const log = await open({ now: () => (now -= 3_600_000) });
    for (const subject of ['a', 'b', 'c']) await log.append({ type: 'hold-set', actor: 'core', subject });
    await log.close();
    expect((await verifyAuditDir(dir, publicKey)).findings).toEqual([]);
  });

  it('goes on in a new segment when one has grown too big', async () => {
    const log = await open({ maxSegmentBytes: 2_000 });
    for (let number = 0; number < 20; number += 1) await log.append({ type: 'hold-set', actor: 'core' });
    await log.close();
    const report = await verifyAuditDir(dir, publicKey);
    expect(report.segments).toBeGreaterThan(3);
    expect(report).toMatchObject({ findings: [], open: [] });
  });

  it('notices any removed segment but the newest, however many there are', async () => {
    for (let start = 0; start < 5; start += 1) await (await open()).close();
    const files = await segmentFiles();
    for (const file of files.slice(0, -1)) {
      const text = await readFile(file);
      await rm(file);
      expect((await verifyAuditDir(dir, publicKey)).findings).toMatchObject([{ kind: 'segment-missing' }]);
      await writeFile(file, text);
    }
    expect((await verifyAuditDir(dir, publicKey)).findings).toEqual([]);
  });

  it('notices a segment of a running process that was shortened before a later start', async () => {
    const running = await open();
    await running.append({ type: 'hold-set', actor: 'core' });
    await (await open()).close();
    const [file = ''] = await segmentFiles();
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.slice(0, text.indexOf('\n') + 1));
    expect((await verifyAuditDir(dir, publicKey)).findings).toMatchObject([{ kind: 'segment-cut' }]);
    await running.close();
  });

  it('reports a torn last line and no tampering', async () => {
    const log = await open();
    await log.append({ type: 'hold-set', actor: 'core' });
    const [file = ''] = await segmentFiles();
    await appendFile(file, '{"v":1,"segment":"au');
    await (await open()).close();
    const report = await verifyAuditDir(dir, publicKey);
    expect(report.findings).toEqual([]);
    expect(report.torn).toMatchObject([{ line: 3 }]);
    await log.close();
  });

  it('notices when its file is deleted under it, refuses, and goes on in a new one', async () => {
    const log = await open();
    const [file = ''] = await segmentFiles();
    await rm(file);
    const lost = log.append({ type: 'hold-set', actor: 'core' });
    await expect(lost).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' });
    await log.append({ type: 'hold-set', actor: 'core' });
    await log.close();
    expect(await verifyAuditDir(dir, publicKey)).toMatchObject({ segments: 1, entries: 3, findings: [] });
  });
});

describe('several processes', () => {
  it('write at the same time and are killed, and every acknowledged entry is there', async () => {
    const program = new URL('./audit-writer.ts', import.meta.url);
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const writers = Array.from({ length: 3 }, () => fork(program, [dir, key], { execArgv: [] }));
    const acknowledged = new Set<string>();
    const enough = writers.map(async (writer) => {
      let count = 0;
      for await (const hash of hashesOf(writer)) {
        acknowledged.add(hash);
        if ((count += 1) === 40) break;
      }
      writer.kill('SIGKILL');
      await once(writer, 'exit');
    });
    await Promise.all(enough);
    const survivor = await open();
    await survivor.close();
    const report = await verifyAuditDir(dir, publicKey);
    expect(report.findings).toEqual([]);
    expect(report.segments).toBe(4);
    const rows: string[] = [];
    await exportAuditCsv(dir, (row) => void rows.push(row));
    const kept = new Set(rows.map((row) => row.trimEnd().slice(-64)));
    expect([...acknowledged].filter((hash) => !kept.has(hash))).toEqual([]);
    expect(acknowledged.size).toBeGreaterThanOrEqual(120);
  });
});

async function* hashesOf(writer: ReturnType<typeof fork>): AsyncGenerator<string> {
  for await (const [hash] of on(writer, 'message', { close: ['exit'] })) yield String(hash);
}

describe('a full disk', () => {
  it('refuses the entry in the middle of a segment; with space again appends work and the log verifies', async () => {
    const log = await open();
    await log.append({ type: 'hold-set', actor: 'core' });
    const [file = ''] = await segmentFiles();
    limitFileSize((await stat(file)).size + 100);
    const details = { filler: 'x'.repeat(600) };
    const refused = log.append({ type: 'hold-set', actor: 'core', subject: 'refused', details });
    await expect(refused).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' });
    limitFileSize('unlimited');
    await log.append({ type: 'hold-lifted', actor: 'core' });
    await log.close();
    const report = await verifyAuditDir(dir, publicKey);
    expect(report).toMatchObject({ segments: 2, entries: 5, findings: [] });
    expect(report.torn).toHaveLength(1);
  });

  it('at the start opens the log all the same, refuses every entry, and leaves nothing half written', async () => {
    limitFileSize(10);
    const log = await open();
    const appends = [1, 2].map(() => log.append({ type: 'hold-set', actor: 'core' }));
    for (const append of appends) await expect(append).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' });
    expect(await segmentFiles()).toEqual([]);
    limitFileSize('unlimited');
    await log.append({ type: 'hold-set', actor: 'core' });
    await log.close();
    expect(await verifyAuditDir(dir, publicKey)).toMatchObject({ segments: 1, findings: [], torn: [] });
  });
});

describe('the export', () => {
  it('merges all segments by time and counts what is no entry', async () => {
    let now = 1_767_323_045_000;
    const clock = () => (now += 1000);
    const [one, two] = [await open({ now: clock }), await open({ now: clock })];
    await one.append({ type: 'hold-set', actor: 'a' });
    await two.append({ type: 'hold-set', actor: 'b' });
    await one.append({ type: 'hold-lifted', actor: '=a' });
    await Promise.all([one.close(), two.close()]);
    const [file = ''] = await segmentFiles();
    await appendFile(file, 'not an entry\n');
    const rows: string[] = [];
    const result = await exportAuditCsv(dir, (row) => void rows.push(row));
    expect(result).toEqual({ rows: 7, unreadable: 1 });
    const cells = rows.slice(1).map((row) => row.split(','));
    const times = cells.map((row) => row[0] ?? '');
    expect(times).toEqual(times.toSorted());
    expect(cells.map((row) => row[4]).filter((actor) => actor !== 'test')).toEqual(['a', 'b', "'=a"]);
  });
});
