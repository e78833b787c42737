import { describe, expect, it } from 'vitest';

import type { ModelMessage } from '../../../../domain/models/model.ts';
import { readingMs } from '../../../../domain/models/reading.ts';

const said = (content: string): ModelMessage => ({ role: 'user', content });
const minute = 60_000;

describe('the time a model has to read a prompt', () => {
  it('grows with the prompt: 8000 tokens at 20 a second are read in time, a short prompt adds next to nothing', () => {
    const words = 'word '.repeat(5334); // at 0.3 tokens a letter
    expect(readingMs({ messages: [said(words)] })).toBeGreaterThan(8000 * 50);
    expect(readingMs({ messages: [said('hello')] })).toBeLessThan(1000);
  });

  it('counts everything that is read', () => {
    const bare = readingMs({ messages: [said('look')] });
    const image = { type: 'image/png', base64: '' } as const;
    const call = { id: '1', name: 'look', arguments: { at: 'sky' } };
    const tool = { name: 'look', description: 'looks', parameters: {} };
    expect(readingMs({ messages: [{ role: 'user', content: 'look', images: [image] }] })).toBeGreaterThan(
      bare + minute,
    );
    expect(readingMs({ messages: [said('look')], tools: [tool] })).toBeGreaterThan(bare);
    const asked: ModelMessage = { role: 'assistant', content: '', toolCalls: [call] };
    expect(readingMs({ messages: [said('look'), asked] })).toBeGreaterThan(bare);
  });

  it('ends: nobody waits for more than half an hour', () => {
    expect(readingMs({ messages: [said('word '.repeat(100_000))] })).toBe(30 * minute);
  });
});
