import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, afterEach, beforeEach, describe, expect, inject, it } from 'vitest';

import { createApprovalLedger } from '../../../adapters/approval-ledger.ts';
import { openAuditLog } from '../../../adapters/audit-file.ts';
import { createAuditTrail } from '../../../adapters/audit-file-trail.ts';
import { createAwaitedCalls } from '../../../adapters/awaited-calls.ts';
import { createAwaitedClouds } from '../../../adapters/awaited-clouds.ts';
import { createConversationStore } from '../../../adapters/conversation-store.ts';
import { createReportFiles } from '../../../adapters/night/report-files.ts';
import { createNightRuns } from '../../../adapters/night-runs.ts';
import { connectRedis, type RedisConnections } from '../../../adapters/redis.ts';
import { createSkillCatalog } from '../../../adapters/skill-catalog.ts';
import { createSkillSchedules } from '../../../adapters/skill-schedules.ts';
import type { AuditLog } from '../../../domain/ports.ts';
import type { ReportStore } from '../../../domain/night/ports.ts';
import type { SkillVersion } from '../../../domain/skills/life.ts';
import { createNightReports } from '../../../domain/night/write-report.ts';
import { quietRun } from '../../support/night-reports.ts';
import { scratchFolder } from '../../support/scratch-folder.ts';
import { connectTestRedis } from '../stores/support.ts';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const deadRedis = connectRedis({ url: 'redis://127.0.0.1:9' });
afterAll(() => deadRedis.close());

const hour = 3_600_000;
let redis: RedisConnections;
let home = '';
let audit: AuditLog;
let reports: ReportStore;

beforeEach(async () => {
  redis = connectTestRedis(inject('stack').redis);
  home = scratchFolder();
  const random = () => randomBytes(4).toString('hex');
  audit = await openAuditLog({ dir: join(home, 'tier1'), process: 'test', privateKey, now: Date.now, random });
  reports = createReportFiles({ dir: join(home, 'reports'), nodeKey: privateKey, now: Date.now, random: randomUUID });
});

afterEach(async () => {
  await audit.close();
  await redis.close();
});

/** What writes reports over the real stores of a Redis. */
function writer(from: RedisConnections = redis) {
  const ledger = createApprovalLedger(from);
  const sources = {
    nightRuns: createNightRuns(from),
    schedules: createSkillSchedules(from),
    catalog: createSkillCatalog(from),
    awaitedCalls: createAwaitedCalls(from),
    awaitedClouds: createAwaitedClouds(from),
    openApprovals: () => ledger.open(Date.now()),
    conversations: createConversationStore(from),
    trail: createAuditTrail(join(home, 'tier1'), publicKey),
  };
  return createNightReports({ sources, reports, audit, now: Date.now });
}

function recentRun(key: string) {
  const at = Date.now() - 2000;
  return quietRun({ id: `now-${key}`, dueAt: at, startedAt: at, endedAt: at + 1000 });
}

async function signedEvents() {
  const trail = createAuditTrail(join(home, 'tier1'), publicKey);
  return (await trail.entries({ since: 0, types: ['report-signed'], most: 10 })).entries;
}

function version(changes: Partial<SkillVersion>): SkillVersion {
  return {
    hash: 'a'.repeat(64),
    version: '1.1.0',
    state: 'awaiting-approval',
    runs: [],
    findings: [],
    strikes: [],
    submittedAt: 1,
    changedAt: Date.now() - hour,
    ...changes,
  };
}

describe('the report of a run', () => {
  it('tells of a night without events that there were none', async () => {
    await writer().write(recentRun('quiet'));
    expect(await reports.latest()).toMatchObject({
      sound: true,
      report: {
        id: 'now-quiet',
        cycles: [],
        schedules: [],
        contacts: [],
        failures: { messages: {}, isWhole: true, strikes: [] },
        waiting: [],
        unknown: [],
      },
    });
  });

  it('is written and audited once, however often it is asked for', async () => {
    await writer().write(recentRun('once'));
    await writer().write(recentRun('once'));
    expect(await readdir(join(home, 'reports'))).toEqual(['now-once.json']);
    const { report } = (await reports.latest()) ?? {};
    const events = await signedEvents();
    expect(events).toMatchObject([{ subject: 'now-once', details: { hash: expect.stringMatching(/^[0-9a-f]{64}$/) } }]);
    expect(report?.writtenAt).toBeLessThanOrEqual(Date.now());
  });

  it('tells what left the machine by the audit log', async () => {
    const cloud = { host: 'cloud.example', model: 'g', bytes: 100, kinds: 'message history' };
    await audit.append({ type: 'cloud-called', actor: 'talos', subject: 'c.1', details: cloud });
    await audit.append({
      type: 'cloud-called',
      actor: 'talos',
      subject: 'c.2',
      details: { ...cloud, kinds: 'message' },
    });
    for (const allowed of [true, false]) {
      const details = { run: 'weather/1', host: 'api.example', method: 'GET', allowed };
      await audit.append({ type: 'skill-egress', actor: 'skill', subject: 'weather', details });
    }
    for (const state of ['begun', 'done']) {
      await audit.append({
        type: 'model-pulled',
        actor: 'admin',
        subject: 'm:7b',
        details: { host: 'reg.example', state },
      });
    }
    await audit.append({
      type: 'engine-called',
      actor: 'talos',
      subject: 'gpu.example',
      details: { host: 'gpu.example', model: 'm', kinds: 'prompt', bytes: 7 },
    });
    await writer().write(recentRun('left'));
    expect((await reports.latest())?.report?.contacts).toEqual([
      {
        host: 'cloud.example',
        by: 'cloud',
        calls: 2,
        refused: 0,
        bytes: 200,
        kinds: ['message', 'history'],
        names: ['g'],
      },
      { host: 'api.example', by: 'skill', calls: 1, refused: 1, kinds: [], names: ['weather'] },
      { host: 'reg.example', by: 'model', calls: 1, refused: 0, kinds: [], names: ['m:7b'] },
      { host: 'gpu.example', by: 'engine', calls: 1, refused: 0, bytes: 7, kinds: ['prompt'], names: ['m'] },
    ]);
  });

  it('tells what waits, what failed, and what came of schedules', async () => {
    const now = Date.now();
    await audit.append({
      type: 'revision-proposed',
      actor: 'talos',
      subject: 'csv',
      details: { hash: 'a'.repeat(64) },
    });
    await createSkillCatalog(redis).put({
      id: 'csv',
      candidate: version({}),
      active: version({
        state: 'active',
        hash: 'b'.repeat(64),
        version: '1.0.0',
        strikes: [
          { runId: 'csv/1', verdict: 'timeout', security: false, at: now - hour },
          { runId: 'csv/0', verdict: 'oom', security: false, at: now - 72 * hour },
        ],
      }),
      past: [],
      changes: 1,
    });
    const call = {
      message: 'c.1',
      call: '1-1',
      skill: 'csv',
      hash: 'b'.repeat(64),
      run: 'csv/2',
      asksFor: ['read mail'],
    };
    await createAwaitedCalls(redis).add({ ...call, binding: 'x', askedAt: now - 2 * hour, until: now + hour });
    const ref = { conversation: 'kitchen', key: 'k1' };
    const conversations = createConversationStore(redis);
    await conversations.accept({ ...ref, text: 'hi', createdAt: now });
    await conversations.settle(ref, { state: 'failed', error: { code: 'MODEL_TIMEOUT', message: 'late' } }, now);
    const schedules = createSkillSchedules(redis);
    const morning = { skill: 'csv', name: 'morning' };
    const facts = { inputHash: '', input: 1, paused: false, createdAt: 1, since: 1 };
    await schedules.put({ ...morning, when: { everyMinutes: 5 }, ...facts });
    await schedules.end(morning, { key: 'morning-1', dueAt: now - hour, state: 'ran' });
    await schedules.end(morning, { key: 'morning-2', dueAt: now - 60_000, state: 'skipped', reason: 'lockdown' });
    await schedules.end(morning, { key: 'morning-0', dueAt: now - 48 * hour, state: 'failed', reason: 'oom' });
    await writer().write(recentRun('busy'));
    const report = (await reports.latest())?.report;
    expect(report?.waiting).toMatchObject([
      { kind: 'call', text: 'skill csv asks: read mail', fix: 'talos approvals ls' },
      {
        kind: 'skill',
        text: 'skill csv 1.1.0, a revision Talos wrote at night, has passed quarantine and asks to be used in place of 1.0.0',
        fix: 'talos skills approve csv',
      },
    ]);
    expect(report?.failures).toEqual({
      messages: { MODEL_TIMEOUT: 1 },
      isWhole: true,
      strikes: [{ skill: 'csv', count: 1, isSecurity: false, verdicts: ['timeout'] }],
    });
    expect(report?.schedules).toEqual([
      { ...morning, ran: 1, failed: 0, skipped: 1, reasons: ['Talos was locked down'], isWhole: true },
    ]);
  });

  it('begins where the report before it ended, and tells of cycles between them', async () => {
    await writer().write(recentRun('first'));
    const first = (await reports.latest())?.report;
    const missed = quietRun({
      id: 'now-missed',
      state: 'skipped',
      reason: 'missed',
      dueAt: Date.now() + 5,
      endedAt: Date.now() + 5,
      phases: [],
    });
    await createNightRuns(redis).save(missed);
    await writer().write({ ...recentRun('second'), dueAt: Date.now() + 10 });
    const second = (await reports.get('now-second'))?.report;
    expect(second?.since).toBe(first?.writtenAt);
    expect(second?.cycles?.map(({ id }) => id)).toEqual(['now-missed']);
  });

  it('is written without Redis and names what is not known then', async () => {
    await writer(deadRedis).write(recentRun('dark'));
    const view = await reports.latest();
    expect(view?.sound).toBe(true);
    expect(view?.report?.contacts).toEqual([]);
    expect(view?.report?.unknown.map(({ part, reason }) => `${part} ${reason}`).toSorted()).toEqual(
      ['cycles', 'failures', 'schedules', 'waiting'].map((part) => `${part} STORE_UNAVAILABLE`),
    );
    expect(view?.report).not.toHaveProperty('waiting');
  });
});
