import {
  type Client,
  type ScheduleDescription,
  type ScheduleOptions,
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
} from '@temporalio/client';
import { msNumberToTs, tsToMs } from '@temporalio/common/lib/time.js';

/** A reply with all due times of a week is small, however often they come. */
const weekMs = 7 * 24 * 60 * 60 * 1000;

/** So many of the next times are told. */
const nextTimes = 3;

/** Makes a schedule, or changes the one of this id. Without a state given, one that is there keeps its own. */
export async function setSchedule(client: Client, options: ScheduleOptions): Promise<void> {
  try {
    await client.schedule.create(options);
  } catch (thrown) {
    if (!(thrown instanceof ScheduleAlreadyRunning)) throw thrown;
    const { scheduleId: id, memo: _memo, ...changed } = options;
    await client.schedule.getHandle(id).update(({ state }) => ({ ...changed, state: changed.state ?? state }));
  }
}

/** Makes a schedule from nothing in place of the one of this id; that one's pause stays. */
export async function renewSchedule(client: Client, options: ScheduleOptions): Promise<void> {
  const before = await describeSchedule(client, options.scheduleId);
  await removeSchedule(client, options.scheduleId);
  const { paused, note } = before?.state ?? {};
  await setSchedule(client, { ...options, ...(paused === true && { state: { paused, ...(note && { note }) } }) });
}

/** Removes a schedule; one that is not there is as good as removed. */
export async function removeSchedule(client: Client, id: string): Promise<void> {
  await ifKept(() => client.schedule.getHandle(id).delete());
}

/** A schedule as the server has it; undefined for one it does not keep. */
export function describeSchedule(client: Client, id: string): Promise<ScheduleDescription | undefined> {
  return ifKept(() => client.schedule.getHandle(id).describe());
}

/** Whether a schedule is paused, and when it is due next. */
export function timingOf({ state, info }: ScheduleDescription): { paused: boolean; next: number[] } {
  return { paused: state.paused, next: info.nextActionTimes.slice(0, nextTimes).map(Number) };
}

/** Every time from after one moment up to another at which a schedule is due by its rule; `call` makes one call to the server. */
export async function dueTimesOf(
  client: Client,
  id: string,
  { after, until, call }: { after: number; until: number; call: <T>(work: () => Promise<T>) => Promise<T> },
): Promise<number[]> {
  const times: number[] = [];
  for (let start = after; start < until; start += weekMs) {
    const range = { start, end: Math.min(start + weekMs, until) };
    times.push(...(await call(() => matchingTimes(client, id, range))));
  }
  return times;
}

/** The server leaves the start out and the end in. */
async function matchingTimes(
  client: Client,
  scheduleId: string,
  { start, end }: { start: number; end: number },
): Promise<number[]> {
  const { startTime } = await client.workflowService.listScheduleMatchingTimes({
    namespace: client.options.namespace,
    scheduleId,
    startTime: msNumberToTs(start),
    endTime: msNumberToTs(end),
  });
  return startTime.map(tsToMs);
}

/** Undefined for a schedule Temporal does not keep. */
async function ifKept<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof ScheduleNotFoundError) return undefined;
    throw thrown;
  }
}
