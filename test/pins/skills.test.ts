import { describe, expect, test } from 'vitest';

import * as messages from '../../workflows/messages.ts';

// Histories that run for years hold these names: a changed one strands every life and run that is under way.
describe('skill workflows', () => {
  test('keep their ids', () => {
    expect(messages.skillLifeWorkflowId('csv-summary')).toBe('skill/csv-summary');
    expect(messages.skillRunWorkflowId({ skill: 'csv-summary', key: 'k' })).toBe('skill-run/csv-summary/k');
  });

  test('keep the names of what they are told and asked', () => {
    const { submitSkill, approveSkill, rejectSkill, deprecateSkill, restoreSkill, retestSkill } = messages;
    const updates = [submitSkill, approveSkill, rejectSkill, deprecateSkill, restoreSkill, retestSkill];
    expect(updates.map(({ name }) => name)).toEqual(['submit', 'approve', 'reject', 'deprecate', 'restore', 'retest']);
    expect(messages.recordFailure.name).toBe('recordFailure');
    expect(messages.lifeOfSkill.name).toBe('life');
  });
});
