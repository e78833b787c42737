import type { DueRunBegin, SkillSchedules } from '../../domain/skills/ports.ts';
import { type DueRun, longestDueRunMs, shownDueRuns } from '../../domain/skills/due-run.ts';
import {
  type KeptSchedule,
  mostSchedules,
  scheduleId,
  type ScheduleRef,
  type SkillSchedule,
} from '../../domain/skills/schedule.ts';

type Entry = {
  schedule: KeptSchedule;
  running?: { key: string; over: number };
  until: number;
  readonly runs: Map<string, DueRun>;
};

/** Schedules of skills in memory. */
export function createMemorySkillSchedules(): SkillSchedules {
  const entries = new Map<string, Entry>();
  const entryOf = (ref: ScheduleRef) => entries.get(scheduleId(ref));
  return { ...createDefinitions(entries, entryOf), ...createDueRuns(entryOf) };
}

function createDefinitions(entries: Map<string, Entry>, entryOf: (ref: ScheduleRef) => Entry | undefined) {
  return {
    async put(given) {
      const schedule = structuredClone(given);
      const entry = entryOf(given);
      if (entry !== undefined) entry.schedule = schedule;
      else if (entries.size >= mostSchedules) return false;
      else entries.set(scheduleId(given), { schedule, until: 0, runs: new Map() });
      return true;
    },
    get: async (ref) => entryOf(ref)?.schedule,
    async list(skill) {
      const all = [...entries.values()].map(({ schedule: { input: _input, ...facts } }): SkillSchedule => facts);
      const wanted = skill === undefined ? all : all.filter((schedule) => schedule.skill === skill);
      return wanted.toSorted((a, b) => (scheduleId(a) < scheduleId(b) ? -1 : 1));
    },
    unreadable: async () => [],
    remove: async (ref) => entries.delete(scheduleId(ref)),
  } satisfies Partial<SkillSchedules>;
}

function createDueRuns(entryOf: (ref: ScheduleRef) => Entry | undefined) {
  return {
    async begin(ref, { key, dueAt }, at): Promise<DueRunBegin> {
      const entry = entryOf(ref);
      if (entry === undefined) return { kind: 'removed' };
      const known = entry.runs.get(key);
      if (known !== undefined && known.state !== 'running') return { kind: 'ended', run: known };
      const { running } = entry;
      if (running !== undefined && running.key !== key && running.over > at) {
        return { kind: 'overlap', running: running.key };
      }
      entry.running = { key, over: at + longestDueRunMs };
      entry.runs.set(key, { key, dueAt, state: 'running' });
      return { kind: 'begun' };
    },
    dueRun: async (ref, key) => entryOf(ref)?.runs.get(key),
    async end(ref, run) {
      const entry = entryOf(ref);
      const known = entry?.runs.get(run.key);
      if (entry === undefined || (known !== undefined && known.state !== 'running')) return false;
      if (entry.running?.key === run.key) delete entry.running;
      entry.runs.set(run.key, { ...run });
      forget(entry);
      return true;
    },
    dueRuns: async (ref) => byTime(entryOf(ref)).toReversed().slice(0, shownDueRuns),
    async accounted(ref) {
      const entry = entryOf(ref);
      const until = entry?.until ?? 0;
      const times = byTime(entry).map(({ dueAt }) => dueAt);
      return { until, known: times.filter((dueAt) => dueAt > until) };
    },
    async account(ref, { until, missed }) {
      const entry = entryOf(ref);
      if (entry === undefined) return;
      for (const run of missed) if (!entry.runs.has(run.key)) entry.runs.set(run.key, { ...run });
      entry.until = Math.max(entry.until, until);
      forget(entry);
    },
    async rewind(ref, { until, now }) {
      const entry = entryOf(ref);
      if (entry === undefined) return;
      for (const { key, dueAt, reason } of entry.runs.values())
        if (dueAt > now && reason === 'missed') entry.runs.delete(key);
      entry.until = until;
    },
  } satisfies Partial<SkillSchedules>;
}

function byTime(entry: Entry | undefined): DueRun[] {
  return [...(entry?.runs.values() ?? [])].toSorted((a, b) => a.dueAt - b.dueAt);
}

/** What came of a time that is not accounted for yet has to stay. */
function forget(entry: Entry): void {
  for (const { key, dueAt } of byTime(entry).slice(0, -shownDueRuns)) {
    if (dueAt <= entry.until && key !== entry.running?.key) entry.runs.delete(key);
  }
}
