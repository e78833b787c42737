import { CancellationScope, setCurrentDetails, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';

import type { NightOrder } from '../activities/night.ts';
import { closePhases, judgeNight, listPhases, type NightEnd, type NightStop } from '../domain/night/night-end.ts';
import { dueNightId } from '../domain/night/night-id.ts';
import { afterPhases } from './after-phases.ts';
import { dueTime } from './due-time.ts';
import type { DreamCycleInput } from './messages.ts';
import { isLockedDown, type Night, runPhases } from './night-phases.ts';
import { keepNightSchedule, local } from './night-steps.ts';
import { ignoreFailure, startNightTime } from './night-time.ts';

const outcomeAttribute = defineSearchAttributeKey('TalosOutcome', SearchAttributeType.KEYWORD);

/**
 * One run of the nightly maintenance: takes the one place there is or is skipped, does its phases within the caps, and records what
 * came of it in every case; then what was missed before, and the report.
 */
export async function dreamCycle(input: DreamCycleInput): Promise<NightEnd> {
  const order = orderOf(input);
  const start = await CancellationScope.nonCancellable(() => local.beginNightRun(order));
  const end = start.kind === 'ended' ? start.end : await work(order, input, start.startedAt);
  if (start.kind === 'ended') setCurrentDetails(headline(end));
  upsertSearchAttributes([{ key: outcomeAttribute, value: end.state }]);
  await CancellationScope.nonCancellable(async () => {
    await ignoreFailure(keepNightSchedule); // the next run makes it good
    await ignoreFailure(() => local.writeNightReport({ id: order.id })); // the log tells why; the record is there
  });
  return end;
}

function orderOf({ id, catchUpMs, hardMs }: DreamCycleInput): NightOrder {
  if (id !== undefined) {
    return { id, trigger: 'owner', dueAt: workflowInfo().startTime.getTime(), catchUpMs, hardMs };
  }
  const dueAt = dueTime();
  return { id: dueNightId(dueAt), trigger: 'schedule', dueAt, catchUpMs, hardMs };
}

async function work(
  { id, trigger, dueAt }: NightOrder,
  { mayRevise, ...caps }: DreamCycleInput,
  startedAt: number,
): Promise<NightEnd> {
  const time = startNightTime(startedAt, caps);
  const night: Night = { id, trigger, dueAt, startedAt, phases: [], time };
  // At the hard cap nobody waits any longer for what does not end.
  const stop = await Promise.race([doAll(night, mayRevise), time.over.then((): NightStop => 'hard-cap')]);
  const phases = closePhases(night.phases, Date.now());
  const { revision } = night;
  const record = { id, trigger, dueAt, startedAt, phases, ...(revision && { revision }) };
  const end = await CancellationScope.nonCancellable(() => local.endNightRun(record, judgeNight(phases, stop)));
  setCurrentDetails(`${headline(end)}\n\n${listPhases(phases)}`);
  return end;
}

/** Tells what stopped it, if anything did but the soft cap. */
async function doAll(night: Night, mayRevise: boolean): Promise<NightStop | undefined> {
  const { id, phases, time } = night;
  await runPhases(night, () => setCurrentDetails(listPhases(phases)));
  if (mayRevise && !time.isUp() && !isLockedDown(phases)) {
    await ignoreFailure(async () => {
      night.revision = await time.within(() => afterPhases({ id }));
    }); // one that was lost is begun anew the next night
  }
  if (isLockedDown(phases)) return 'lockdown';
  if (time.elapsedMs() >= time.caps.hardMs) return 'hard-cap';
  return time.isCancelled() ? 'cancelled' : undefined;
}

function headline({ state, reason, isCutShort }: NightEnd): string {
  const why = reason === undefined ? '' : `: ${reason}`;
  return `**${state}**${why}${isCutShort ? ', cut short' : ''}`;
}
