import { describe, expect, it } from 'vitest';

import { goneNote, shutdownNote } from '../../../../domain/cloud/models.ts';

const setting = 'GEMINI_MODEL';
const on = (day: string) => Date.parse(day);

describe('the notes on cloud models', () => {
  it.each([
    [
      'gemini-2.5-pro',
      '2026-11-25',
      'gemini-2.5-pro will be shut down on 2026-12-01; set GEMINI_MODEL to a newer model.',
    ],
    [
      'gemini-2.5-flash-002',
      '2026-11-25',
      'gemini-2.5-flash-002 will be shut down on 2026-12-01; set GEMINI_MODEL to a newer model.',
    ],
    [
      'gemini-2.5-flash',
      '2026-12-01',
      'gemini-2.5-flash was shut down on 2026-12-01; set GEMINI_MODEL to a newer model.',
    ],
    [
      'gemini-2.0-flash',
      '2026-11-25',
      'gemini-2.0-flash was shut down on 2026-06-01; set GEMINI_MODEL to a newer model.',
    ],
    ['gemini-2.5-pro', '2026-09-01', undefined],
    ['gemini-2.5-flash-lite', '2026-11-25', undefined],
    ['gemini-3.8-flash', '2026-11-25', undefined],
  ])('on %s, on %s', (model, day, note) => {
    expect(shutdownNote({ setting, model }, on(day))).toBe(note);
  });

  it('name the setting of a model that is gone', () => {
    expect(goneNote({ setting: 'GEMINI_FALLBACK_MODEL', model: 'm' })).toContain('set GEMINI_FALLBACK_MODEL');
  });
});
