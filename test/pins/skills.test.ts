import { describe, expect, test } from 'vitest';

import { dueRunKey } from '../../domain/skills/schedule.ts';
import * as workflows from '../../workflows/index.ts';
import * as messages from '../../workflows/messages.ts';

// Histories that run for years hold these names: a changed one strands every life and run that is under way.
describe('skill workflows', () => {
  test('keep their ids', () => {
    expect(messages.skillLifeWorkflowId('csv-summary')).toBe('skill/csv-summary');
    expect(messages.skillRunWorkflowId({ skill: 'csv-summary', key: 'k' })).toBe('skill-run/csv-summary/k');
    const schedule = { skill: 'csv-summary', name: 'morning' };
    expect(messages.skillScheduleId(schedule)).toBe('skill-schedule/csv-summary/morning');
    expect(messages.skillRunDueWorkflowId(schedule)).toBe('skill-run-due/csv-summary/morning');
  });

  test('keep the names of what they are told and asked', () => {
    const { submitSkill, approveSkill, rejectSkill, deprecateSkill, restoreSkill, retestSkill } = messages;
    const updates = [submitSkill, approveSkill, rejectSkill, deprecateSkill, restoreSkill, retestSkill];
    expect(updates.map(({ name }) => name)).toEqual(['submit', 'approve', 'reject', 'deprecate', 'restore', 'retest']);
    expect(messages.recordFailure.name).toBe('recordFailure');
    expect(messages.lifeOfSkill.name).toBe('life');
  });

  test('keep their own names, by which schedules start them', () => {
    expect(Object.keys(workflows).toSorted()).toEqual([
      'dreamCycle',
      'lockdown',
      'message',
      'modelAutopull',
      'modelPull',
      'nightRevision',
      'skillDraft',
      'skillEval',
      'skillLife',
      'skillRun',
      'skillRunDue',
    ]);
  });

  test('keep the keys of runs that are due', () => {
    expect(dueRunKey('morning', Date.UTC(2026, 10, 21, 7))).toBe('morning-20261121T070000Z');
  });
});
