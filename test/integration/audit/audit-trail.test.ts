import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { appendFile, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { openAuditLog } from '../../../adapters/audit-file.ts';
import { createAuditTrail } from '../../../adapters/audit-file-trail.ts';
import type { AuditEvent } from '../../../domain/audit/entry.ts';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const random = () => randomBytes(4).toString('hex');
let dir = '';

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'talos-trail-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const trail = () => createAuditTrail(dir, publicKey);

/** Writes one segment with an entry at each time. */
async function writeSegment(process: string, times: readonly number[], event: Partial<AuditEvent> = {}) {
  let at = times[0] ?? 0;
  const log = await openAuditLog({ dir, process, privateKey, now: () => at, random });
  for (const time of times) {
    at = time;
    await log.append({ type: 'cloud-called', actor: 'talos', subject: `at-${time}`, ...event });
  }
  await log.close();
}

async function fileOf(process: string): Promise<string> {
  const name = (await readdir(dir)).find((file) => file.includes(`-${process}-`));
  return join(dir, name ?? '');
}

const subjects = async (range: { since: number; most?: number }) =>
  (await trail().entries({ types: ['cloud-called'], most: 100, ...range })).entries.map(({ subject }) => subject);

describe('entries of the newest part of the log', () => {
  it('are those of the wanted types since the moment, from all processes, by time', async () => {
    await writeSegment('api', [1000, 3000, 5000]);
    await writeSegment('worker', [2000, 4000]);
    await writeSegment('cli', [3500], { type: 'skill-egress' });
    expect(await subjects({ since: 2000 })).toEqual(['at-2000', 'at-3000', 'at-4000', 'at-5000']);
    const both = await trail().entries({ types: ['cloud-called', 'skill-egress'], since: 3000, most: 100 });
    expect(both.entries.map(({ time }) => time)).toEqual([3000, 3500, 4000, 5000]);
    expect(both.isWhole).toBe(true);
  });

  it('are the newest when there are too many, and that is told', async () => {
    await writeSegment('api', [1000, 2000, 3000]);
    const { entries, isWhole } = await trail().entries({ types: ['cloud-called'], since: 0, most: 2 });
    expect(entries.map(({ time }) => time)).toEqual([2000, 3000]);
    expect(isWhole).toBe(false);
  });

  it('are not looked for in segments nobody has written to since', async () => {
    await writeSegment('old', [5000]);
    const longAgo = new Date(Date.now() - 3_600_000);
    await utimes(await fileOf('old'), longAgo, longAgo);
    await writeSegment('new', [6000]);
    expect(await subjects({ since: Date.now() - 600_000 })).toEqual([]);
    expect(await subjects({ since: 0 })).toEqual(['at-5000', 'at-6000']);
  });

  it('leave out a line that is being written, and one that names a type only in its details', async () => {
    await writeSegment('api', [1000]);
    await writeSegment('cli', [2000], { type: 'skill-run', details: { note: '"type":"cloud-called"' } });
    await appendFile(await fileOf('api'), '{"v":1,"type":"cloud-called"');
    expect(await subjects({ since: 0 })).toEqual(['at-1000']);
  });

  it('are none where there is no log yet', async () => {
    const none = createAuditTrail(join(dir, 'missing'), publicKey);
    expect(await none.entries({ since: 0, types: ['cloud-called'], most: 1 })).toEqual({ entries: [], isWhole: true });
  });
});

describe('a look at the newest segments', () => {
  const look = (signal = new AbortController().signal) => trail().verify({ since: Date.now() - 600_000, signal });

  it('finds nothing in a log that is as it was written, also while it is written', async () => {
    await writeSegment('one', [1, 2, 3]);
    const log = await openAuditLog({ dir, process: 'two', privateKey, now: Date.now, random });
    await log.append({ type: 'skill-run', actor: 'talos' });
    expect(await look()).toEqual({ segments: 2, entries: 7, findings: [], isWhole: true });
    await log.close();
  });

  it('finds a changed byte and a removed segment', async () => {
    await writeSegment('one', [1, 2]);
    await writeSegment('two', [3]);
    const path = await fileOf('one');
    const whole = await readFile(path, 'utf8');
    await writeFile(path, whole.replace('at-2', 'at-9'));
    expect((await look()).findings).toMatchObject([{ line: 3, kind: 'changed' }]);
    await rm(path);
    expect((await look()).findings).toMatchObject([{ kind: 'segment-missing' }]);
  });

  it('says nothing of older segments that are there', async () => {
    await writeSegment('old', [1, 2]);
    await writeSegment('new', [3]);
    const longAgo = new Date(Date.now() - 3_600_000);
    await utimes(await fileOf('old'), longAgo, longAgo);
    expect(await look()).toEqual({ segments: 1, entries: 3, findings: [], isWhole: true });
  });

  it('ends when its time is up and says that it did not see all', async () => {
    await writeSegment('one', [1]);
    expect(await look(AbortSignal.abort())).toEqual({ segments: 0, entries: 0, findings: [], isWhole: false });
  });
});
