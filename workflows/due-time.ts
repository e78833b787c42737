import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { workflowInfo } from '@temporalio/workflow';

const dueAttribute = defineSearchAttributeKey('TemporalScheduledStartTime', SearchAttributeType.DATETIME);

/** When the schedule that started this workflow was due, also if that was late; in whole seconds, as in the id. */
export function dueTime(): number {
  const { typedSearchAttributes, startTime } = workflowInfo();
  const due = typedSearchAttributes.get(dueAttribute) ?? startTime;
  return Math.floor(due.getTime() / 1000) * 1000;
}
