import { generateKeyPairSync } from 'node:crypto';

import { describe, expect, it } from 'vitest';

import { createCertificateSigner } from '../../../../adapters/certificate-crypto.ts';
import { createMemoryNightRuns } from '../../../../adapters/memory/night-runs.ts';
import { createMemoryReportStore } from '../../../../adapters/memory/report-store.ts';
import type { AuditEntry } from '../../../../domain/audit/entry.ts';
import { gatherReport, reportSince, type ReportSources } from '../../../../domain/night/gather-report.ts';
import { formatReport, signReport } from '../../../../domain/night/report-seal.ts';
import { reportText } from '../../../../domain/night/morning-report.ts';
import type { NightRun } from '../../../../domain/night/run.ts';
import type { DueRun } from '../../../../domain/skills/due-run.ts';
import type { SkillSchedule } from '../../../../domain/skills/schedule.ts';
import { fourOClock, quietReport, quietRun } from '../../../support/night-reports.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** Sources of which each knows nothing but what a test gives. */
function sourcesOf(changes: Partial<ReportSources> = {}): ReportSources {
  return {
    nightRuns: createMemoryNightRuns(),
    schedules: { list: async () => [], dueRuns: async () => [] },
    catalog: { list: async () => [] },
    awaitedCalls: { list: async () => [] },
    awaitedClouds: { list: async () => [] },
    openApprovals: async () => [],
    conversations: { conversations: async () => [], conversation: async () => undefined },
    trail: { entries: async () => ({ entries: [], isWhole: true }) },
    ...changes,
  };
}

function pull(
  subject: string,
  { host = 'registry.example', ...facts }: { host?: string; startedAt: number; state: string },
): AuditEntry {
  return {
    v: 1,
    segment: 's',
    seq: 1,
    time: fourOClock + hour,
    type: 'model-pulled',
    actor: 'owner',
    subject,
    details: { host, ...facts },
    prev: '0',
    hash: '0',
    signature: '0',
  };
}

function gather(sources: ReportSources, since = fourOClock + 10 * minute) {
  return gatherReport(sources, quietRun({ id: 'now-last' }), { since, now: fourOClock + day });
}

async function textOf(sources: ReportSources): Promise<string> {
  const report = await gather(sources);
  const view = { id: report.id, sound: true, problems: [], report };
  return reportText(view, { now: report.writtenAt, zone: 'UTC' }).join('\n');
}

describe('what a report tells', () => {
  it('has a run that came to its end after the report before it, however long ago it was due', async () => {
    const nightRuns = createMemoryNightRuns();
    const lost: NightRun = { ...quietRun(), state: 'failed', reason: 'lost', endedAt: fourOClock + day - minute };
    await nightRuns.save(lost);
    await nightRuns.save(quietRun({ id: 'now-told-before', endedAt: fourOClock + 5 * minute }));
    const { cycles } = await gather(sourcesOf({ nightRuns }));
    expect(cycles).toEqual([lost]);
  });

  it('has a due run of a skill that ended after the report before it', async () => {
    const due = (key: string, changes: Partial<DueRun>): DueRun => ({
      key,
      dueAt: fourOClock,
      state: 'failed',
      reason: 'timeout',
      ...changes,
    });
    const schedule: SkillSchedule = {
      skill: 'csv',
      name: 'morning',
      when: { everyMinutes: 60 },
      inputHash: 'a'.repeat(64),
      paused: false,
      createdAt: 1,
      since: 1,
    };
    const schedules = {
      list: async () => [schedule],
      dueRuns: async () => [
        due('late', { endedAt: fourOClock + 20 * minute }),
        due('told-before', { endedAt: fourOClock + minute }),
      ],
    };
    expect((await gather(sourcesOf({ schedules }))).schedules).toMatchObject([{ skill: 'csv', failed: 1 }]);
  });

  it('has a pull that began before the report before it and went on since, and each pull once', async () => {
    const entries = [
      pull('went-on', { startedAt: fourOClock - hour, state: 'done' }),
      pull('new', { startedAt: fourOClock + hour, state: 'begun' }),
      pull('new', { startedAt: fourOClock + hour, state: 'done' }),
    ];
    const { contacts } = await gather(sourcesOf({ trail: { entries: async () => ({ entries, isWhole: true }) } }));
    expect(contacts).toMatchObject([{ host: 'registry.example', by: 'model', calls: 2, names: ['went-on', 'new'] }]);
  });

  it('has no pull from this machine itself: nothing left it', async () => {
    const entries = ['127.0.0.1:5000', 'localhost:5000'].map((host) =>
      pull('own', { startedAt: fourOClock + hour, state: 'begun', host }),
    );
    const text = await textOf(sourcesOf({ trail: { entries: async () => ({ entries, isWhole: true }) } }));
    expect(text).toMatch(/Nothing .*left this machine/);
    expect(text).not.toContain('Left this machine');
  });

  it('tells asking the cloud for its models apart from messages that went there', async () => {
    const called = (model: string, kinds: string, bytes: number): AuditEntry => ({
      ...pull('talos', { startedAt: 1, state: 'begun' }),
      type: 'cloud-called',
      details: { host: 'cloud.example', model, kinds, bytes },
    });
    const check = called('gemini-a gemini-b', 'model-check', 0);
    const entries = [check, check, called('gemini-a', 'system-prompt message', 1200)];
    const text = await textOf(sourcesOf({ trail: { entries: async () => ({ entries, isWhole: true }) } }));
    expect(text).toContain('cloud.example: 2 calls with nothing but names of models (gemini-a gemini-b)');
    expect(text).toContain('cloud.example: 1 call, 1.2 kB of system-prompt, message (messages by gemini-a)');
  });

  it('can be signed although texts of models and servers in it were cut inside a character', async () => {
    const half = '\u{1f600}'.slice(0, 1);
    const run = quietRun({
      phases: [{ phase: 'redis', state: 'failed', error: { code: 'INTERNAL', message: `no ${half}` } }],
      revision: { state: 'dropped', skill: 'csv', note: `It says ${half}` },
    });
    const report = await gatherReport(sourcesOf(), run, { since: fourOClock, now: fourOClock + day });
    const signed = signReport(report, createCertificateSigner(generateKeyPairSync('ed25519').privateKey));
    expect(signed.report.run.revision?.note).toBe('It says \ufffd');
    expect(formatReport(signed)).toContain('no \ufffd');
  });

  it('says that nothing failed only when everything since the report before it was looked at', async () => {
    const messages = 300;
    const conversationsOf = (acceptedAt: number): ReportSources['conversations'] => ({
      conversations: async () => [{ id: 'c', title: 't', messages, createdAt: 1, updatedAt: fourOClock + hour }],
      conversation: async () => [
        {
          conversation: 'c',
          key: 'k',
          seq: 201,
          text: 't',
          state: 'answered',
          createdAt: acceptedAt,
          finishedAt: acceptedAt + 1,
        },
      ],
    });
    const all = sourcesOf({ conversations: conversationsOf(fourOClock) });
    expect(await textOf(all)).toContain('a quiet night');
    const some = await textOf(sourcesOf({ conversations: conversationsOf(fourOClock + hour) }));
    expect(some).not.toContain('quiet');
    expect(some).toContain('Went wrong\n  none of the messages that were looked at, but there were more');
  });

  it('never says that nothing left the machine when only a part of the log could be read', async () => {
    const trail = (entries: readonly AuditEntry[], isWhole: boolean) => ({
      entries: async () => ({ entries, isWhole }),
    });
    expect(await textOf(sourcesOf())).toMatch(/[Nn]othing .*left this machine/);
    const found = await textOf(sourcesOf({ trail: trail([], false) }));
    expect(found).not.toMatch(/[Nn]othing .*left this machine/);
    expect(found).toContain('Left this machine\n  more than could be counted');
  });
});

describe('since when a report tells', () => {
  it('is the report before it, and never a moment the clock has not come to', async () => {
    const reports = createMemoryReportStore();
    const run = quietRun({ id: 'now-next' });
    await reports.write(quietReport({ run: quietRun({ id: 'now-before' }), writtenAt: fourOClock }));
    await reports.write(quietReport({ run: quietRun({ id: 'now-clock-ahead' }), writtenAt: fourOClock + 300 * day }));
    expect(await reportSince(reports, run, fourOClock + day)).toBe(fourOClock);
  });
});
