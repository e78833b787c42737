import { expect, it } from 'vitest';

import { describeDeparture } from '../../../../domain/routing/departure.ts';

const base = { host: 'cloud.test', bytes: 120 };

it.each([
  [{ ...base, kinds: ['message' as const], earlier: 0 }, 'this message (120 bytes to cloud.test)'],
  [
    { ...base, kinds: ['system-prompt' as const, 'message' as const], earlier: 0 },
    'this message and the system prompt (120 bytes to cloud.test)',
  ],
  [
    {
      ...base,
      kinds: ['system-prompt' as const, 'memory' as const, 'history' as const, 'message' as const],
      earlier: 3,
    },
    'this message, 3 earlier messages with their answers, memories and the system prompt (120 bytes to cloud.test)',
  ],
  [
    { ...base, kinds: ['history' as const, 'message' as const], earlier: 1 },
    'this message and one earlier message with its answer (120 bytes to cloud.test)',
  ],
])('%j reads well', (departure, words) => {
  expect(describeDeparture(departure)).toBe(words);
});
