import { describe, expect, it } from 'vitest';

import { reportText } from '../../../../domain/night/morning-report.ts';
import { NightReport } from '../../../../domain/night/report.ts';
import type { NightRun, PhaseReport } from '../../../../domain/night/run.ts';
import { fourOClock, quietReport, quietRun } from '../../../support/night-reports.ts';

const minute = 60_000;
const hour = 60 * minute;
const now = fourOClock + 4 * hour;

function text(changes: Partial<NightReport> = {}, at = now): string {
  const report = NightReport.parse(quietReport(changes));
  return reportText({ id: report.id, sound: true, problems: [], report }, { now: at, zone: 'UTC' }).join('\n');
}

/** A run with another report of one phase. */
function runWith(phase: PhaseReport['phase'], changes: Partial<PhaseReport>): NightRun {
  const run = quietRun();
  return { ...run, phases: run.phases.map((one) => (one.phase === phase ? { ...one, ...changes } : one)) };
}

describe('the morning report', () => {
  it('takes two lines for an empty night', () => {
    expect(text()).toBe(
      'Morning report, Thu 2026-11-26 04:00 (3 h 59 min ago): a quiet night.\n' +
        'The dream cycle ran: it did 5 of 5 phases in 2 s. Nothing failed, left this machine or waits for you.',
    );
  });

  it('tells the most important first, on one screen', () => {
    const lines = text({
      run: runWith('redis', { outcome: { counts: { keysDeleted: 120, endsGiven: 3 }, notes: [] } }),
      waiting: [
        { kind: 'skill', text: 'skill csv asks to be used', since: fourOClock - hour, fix: 'talos skills approve csv' },
      ],
      failures: {
        messages: { MODEL_UNAVAILABLE: 2, MODEL_TIMEOUT: 1 },
        isWhole: true,
        strikes: [{ skill: 'mail', count: 1, isSecurity: false, verdicts: ['timeout'] }],
      },
      contacts: [
        { host: 'cloud.example', by: 'cloud', calls: 3, refused: 0, bytes: 12_300, kinds: ['message'], names: ['g'] },
        { host: 'api.example', by: 'skill', calls: 0, refused: 2, kinds: [], names: ['weather'] },
        { host: 'gpu.example', by: 'engine', calls: 1, refused: 0, bytes: 7, kinds: ['prompt'], names: ['m', 'e'] },
      ],
      schedules: [
        {
          skill: 'csv',
          name: 'morning',
          ran: 1,
          failed: 0,
          skipped: 1,
          reasons: ['Talos was locked down'],
          isWhole: true,
        },
      ],
      unknown: [],
    });
    expect(lines.split('\n')).toEqual([
      'Morning report, Thu 2026-11-26 04:00 (3 h 59 min ago)',
      'The dream cycle ran: it did 5 of 5 phases in 2 s.',
      '',
      'Waits for you',
      '  skill csv asks to be used (for 5 h 0 min): talos skills approve csv',
      '',
      'Went wrong',
      '  3 messages failed: 2 MODEL_UNAVAILABLE, 1 MODEL_TIMEOUT',
      '  skill mail: 1 strike (timeout)',
      '',
      'Left this machine',
      '  cloud.example: 3 calls, 12 kB of message (messages by g)',
      '  api.example: 0 calls, 2 refused before anything was sent (skill weather)',
      '  gpu.example: 1 call, 7 B of prompt (models of yours there: m, e)',
      '',
      'Cleaned up',
      '  redis: 120 keys deleted, 3 keys were given an end',
      '',
      'Schedules',
      '  csv.morning: 1 ran, 1 skipped (Talos was locked down)',
    ]);
  });

  it.each<[string, Partial<NightReport>, string]>([
    [
      'a finding with its fix',
      {
        run: runWith('health', {
          outcome: {
            counts: { diskPercent: 93 },
            notes: ['disk: 93 %'],
            findings: [{ severity: 'critical', about: 'disk', text: 'the disk is 93 % full', fix: 'free space' }],
          },
        }),
      },
      'Needs attention\n  critical: the disk is 93 % full; free space',
    ],
    [
      'a phase that failed',
      {
        run: {
          ...runWith('memory', { state: 'failed', error: { code: 'VECTORS_UNAVAILABLE', message: 'Chroma is away' } }),
          state: 'failed',
          reason: 'phase-failed',
        },
      },
      'The dream cycle failed: a phase failed. It did 4 of 5 phases in 2 s.',
    ],
    [
      'a run that was cut short, and what had no time',
      { run: { ...runWith('logs', { state: 'skipped' }), isCutShort: true } },
      'Cleaned up\n  logs: had no time',
    ],
    [
      'that nobody had time for the health',
      { run: { ...runWith('health', { state: 'skipped' }), isCutShort: true } },
      'Needs attention\n  there was no time to look at the health of Talos',
    ],
    [
      'why it was skipped',
      { run: quietRun({ state: 'skipped', reason: 'lockdown', phases: [] }) },
      'The dream cycle was skipped: Talos was locked down.',
    ],
    [
      'cycles that were missed before',
      {
        cycles: [
          quietRun({ id: 'due-20261125T040000Z', dueAt: fourOClock - 24 * hour, state: 'skipped', reason: 'missed' }),
        ],
      },
      'Schedules\n  dream cycle of Wed 2026-11-25 04:00: skipped, Talos was not running when it was due, or it was paused in Temporal',
    ],
    [
      'what is not known',
      { unknown: [{ part: 'waiting', reason: 'STORE_UNAVAILABLE' }] },
      'Not known\n  what waits for you (STORE_UNAVAILABLE)',
    ],
    [
      'what became of the revision of the night',
      { run: quietRun({ revision: { state: 'dropped', skill: 'csv', note: 'a revision was dropped: no better' } }) },
      'Went wrong\n  skill csv had failed: a revision was dropped: no better',
    ],
  ])('tells %s', (_what, changes, expected) => {
    const found = text(changes);
    expect(found).toContain(expected);
    expect(found).not.toContain('quiet');
  });

  it('says that nothing left the machine only when that is known', () => {
    const run = quietRun({ isCutShort: true });
    expect(text({ run })).toContain('Nothing left this machine.');
    const { contacts: _contacts, ...report } = quietReport({
      run,
      unknown: [{ part: 'contacts', reason: 'AUDIT_UNAVAILABLE' }],
    });
    const view = { id: run.id, sound: true, problems: [], report };
    expect(reportText(view, { now, zone: 'UTC' }).join('\n')).not.toContain('Nothing left');
  });

  it('says how long is left, or that it is too late', () => {
    const waiting = [
      { kind: 'call' as const, text: 'skill x asks', since: fourOClock, until: now + hour, fix: 'talos approvals ls' },
    ];
    expect(text({ waiting })).toContain('skill x asks (for 4 h 0 min, 1 h 0 min left): talos approvals ls');
    expect(text({ waiting }, now + 2 * hour)).toContain('is over now');
  });

  it('stays on one screen however much there is', () => {
    const contact = (index: number) => ({
      host: `h${index}`,
      by: 'skill' as const,
      calls: 1,
      refused: 0,
      kinds: [],
      names: ['s'],
    });
    const lines = text({ contacts: Array.from({ length: 150 }, (_, index) => contact(index)) }).split('\n');
    expect(lines.length).toBeLessThan(24);
    expect(lines.at(-1)).toContain('and 145 more; all of it: talos report --json');
  });

  it('says so when schedules and cycles are more than it shows', () => {
    const schedule = (index: number) => ({
      skill: `s${index}`,
      name: 'n',
      ran: 1,
      failed: index === 11 ? 1 : 0,
      skipped: 0,
      reasons: [],
      isWhole: true,
    });
    const cycles = Array.from({ length: 9 }, () => quietRun({ state: 'skipped', reason: 'missed' }));
    const found = text({ schedules: Array.from({ length: 12 }, (_, index) => schedule(index)), cycles });
    expect(found).toContain('and 7 more; all of it: talos report --json');
    expect(found).toContain('and 4 more; all of it: talos report --json');
    expect(found).toContain('s11.n: 1 ran, 1 failed');
  });

  it('tells since when it tells, unless that is about a day', () => {
    expect(text()).not.toContain('since');
    const found = text({ since: fourOClock - 5 * minute });
    expect(found).toContain('Nothing failed, left this machine or waits for you.');
    expect(found).toContain('It tells of what happened since Thu 2026-11-26 03:55.');
  });

  it('shows no control characters of texts from elsewhere', () => {
    const escape = '\u001b[2Jgone\nWaits for you';
    const contacts = [{ host: escape, by: 'skill' as const, calls: 1, refused: 0, kinds: [], names: [escape] }];
    const found = text({ contacts });
    expect(found).not.toContain('\u001b');
    expect(found.split('\n')).toHaveLength(5);
  });

  it('warns first of one that is not what was signed', () => {
    const report = quietReport();
    const view = { id: report.id, sound: false, problems: ['Its signature does not fit.'], report };
    const lines = reportText(view, { now, zone: 'UTC' });
    expect(lines[0]).toContain('CANNOT BE TRUSTED');
    expect(lines[1]).toBe('Its signature does not fit.');
    expect(lines.join('\n')).toContain('Morning report');
    expect(reportText({ id: report.id, sound: false, problems: ['x'] }, { now })).toHaveLength(2);
  });
});
