import { expect, it } from 'vitest';

import { stepLine } from '../../../cli/step-line.ts';
import type { StreamEvent } from '../../../domain/chat.ts';

const id = 'kitchen.one';
const end = { type: 'tool-end', id: '1-1', skill: 'csv-summary', ms: 12 } as const;

it.each<[StreamEvent, string]>([
  [{ ...end, verdict: 'ok' }, '· csv-summary ran (12 ms)'],
  [{ ...end, verdict: 'timeout' }, '· csv-summary failed: timeout (12 ms)'],
  [{ ...end, verdict: 'declined' }, '· csv-summary was not allowed to run'],
  [{ ...end, verdict: 'not-run' }, '· csv-summary could not run'],
  [
    { type: 'awaiting-approval', id: '2-1', skill: 'weather', asksFor: ['reach api.example.org'], until: 1 },
    '· weather waits for you, for it would reach api.example.org; allow it: talos approvals approve kitchen.one 2-1',
  ],
  [
    { type: 'awaiting-cloud', host: 'cloud.test', kinds: ['history', 'message'], bytes: 12, until: 1 },
    '· Gemini waits for your leave (history, message: 12 bytes to cloud.test); give it: talos approvals approve kitchen.one cloud',
  ],
])('%j is told', (event, line) => {
  expect(stepLine(id, event)).toBe(line);
});

it('says nothing of other events', () => {
  expect(stepLine(id, { type: 'text-delta', text: 'hello' })).toBeUndefined();
});
