import { describe, expect, it } from 'vitest';

import { archiveName, type LogFile, logFates, nameAside } from '../../../../domain/night/log-files.ts';

const hour = 3_600_000;
const now = Date.UTC(2026, 10, 25, 4);
const rule = { keepDays: 30, now, today: '2026-11-25' };
const file = (name: string, change: Partial<LogFile> = {}): LogFile => ({
  name,
  bytes: 1000,
  changedAt: now - 48 * hour,
  isOpen: false,
  ...change,
});
const lastDays = Array.from({ length: 30 }, (_, ago) =>
  file(`worker.${new Date(now - ago * 24 * hour).toISOString().slice(0, 10)}.1.log.gz`),
);
const fate = (one: LogFile, ...others: LogFile[]) => logFates([one, ...others, ...lastDays], rule).get(one.name);

describe('what becomes of a log', () => {
  it.each([
    ['closed two days ago', file('api.2026-11-23.1.log'), 'compress'],
    ['held open', file('api.2026-11-23.1.log', { isOpen: true }), 'leave'],
    ['the newest, written within the day', file('api.2026-11-24.1.log', { changedAt: now - 5 * hour }), 'leave'],
    ['the newest, and large', file('api.2026-11-25.1.log', { changedAt: now, bytes: 11e6 }), 'leave'],
    ['too old by its name, whatever its time', file('api.2026-10-25.1.log', { changedAt: now }), 'remove'],
    ['just not too old', file('api.2026-10-26.1.log'), 'compress'],
    ['too old and held open', file('api.2026-01-01.1.log', { isOpen: true }), 'leave'],
    ['an archive', file('api.2026-11-20.1.log.gz'), 'leave'],
    ['an archive that is too old', file('api.2026-10-20.1.log.gz'), 'remove'],
    ['a second archive that is too old', file('api.2026-10-20.1.log.2.gz'), 'remove'],
    ['output that is written to by name', file('redis.out.log', { bytes: 11e6 }), 'leave'],
    ['output nobody wrote to for a month', file('redis.out.log', { changedAt: now - 31 * 24 * hour }), 'remove'],
    ['output that was put aside', file('redis.out.log.1'), 'rename'],
    ['output that was put aside just now', file('redis.out.log.1', { changedAt: now }), 'leave'],
    ['large output that was put aside just now', file('redis.out.log.1', { changedAt: now, bytes: 11e6 }), 'rename'],
    ['no log', file('notes.txt', { changedAt: 0 }), 'leave'],
    ['the audit log, were it here', file('audit-20260101T000000000Z-api-00000000.jsonl', { changedAt: 0 }), 'leave'],
  ] as const)('%s', (_name, one, expected) => {
    expect(fate(one)).toBe(expected);
  });

  it('compresses what was closed for its size without waiting, but not what is small', () => {
    const newest = file('api.2026-11-25.10.log', { changedAt: now });
    const [large, small] = [11e6, 1000].map((bytes) => file('api.2026-11-25.9.log', { changedAt: now - hour, bytes }));
    expect(fate(large ?? newest, newest)).toBe('compress');
    expect(fate(small ?? newest, newest)).toBe('leave');
  });
});

describe('by a clock that is far ahead', () => {
  const ahead = { keepDays: 30, now: Date.UTC(2099, 0, 2, 4), today: '2099-01-02' };
  const inError = ['2099-01-01', '2099-01-02'].map((date) => file(`api.${date}.1.log`, { changedAt: ahead.now }));

  it('logs of as many days as are kept stay, however old they seem, and older ones go', () => {
    const older = file('worker.2026-09-01.1.log.gz');
    const fates = logFates([older, ...lastDays, ...inError], ahead);
    const removed = [...fates].flatMap(([name, end]) => (end === 'remove' ? [name] : []));
    const oldest = ['2026-09-01', '2026-10-27', '2026-10-28'].map((date) => `worker.${date}.1.log.gz`);
    expect(removed.toSorted()).toEqual(oldest);
  });

  it('output without a date in its name counts by when it was written', () => {
    const output = file('redis.out.log', { changedAt: now });
    expect(logFates([output, ...inError], ahead).get(output.name)).toBe('leave');
  });
});

describe('names', () => {
  it('never take that of an earlier archive', () => {
    expect(archiveName('a.log', 1)).toBe('a.log.gz');
    expect(archiveName('a.log', 2)).toBe('a.log.2.gz');
    const aside = file('redis.out.log.1', { changedAt: Date.UTC(2026, 10, 24) });
    expect(nameAside(aside, new Set())).toBe('redis.out.2026-11-24.1.log');
    const taken = new Set(['redis.out.2026-11-24.1.log.gz', 'redis.out.2026-11-24.2.log']);
    expect(nameAside(aside, taken)).toBe('redis.out.2026-11-24.3.log');
  });
});
