import type { NightRunId } from './run.ts';

/** The id of the run due at a moment: the same second is the same run. */
export function dueNightId(dueAt: number): NightRunId {
  const second = new Date(dueAt).toISOString().slice(0, 19).replaceAll(/[-:]/g, '');
  return `due-${second}Z`;
}

/** The id of a run somebody asked for: the same key is the same run. */
export function askedNightId(key: string): NightRunId {
  return `now-${key}`;
}

/** Whether it was due by the schedule. */
export function isDueNight(id: NightRunId): boolean {
  return id.startsWith('due-');
}
