import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { createThinkTagSplitter } from '../../../adapters/ollama-think-tags.ts';

function split(pieces: readonly string[]): { text: string; reasoning: string } {
  const splitter = createThinkTagSplitter();
  const deltas = [...pieces.flatMap((piece) => splitter.push(piece)), ...splitter.flush()];
  const join = (type: string) => deltas.map((delta) => (delta.type === type ? delta.text : '')).join('');
  return { text: join('text-delta'), reasoning: join('reasoning-delta') };
}

describe('thoughts inside a text', () => {
  it.each([
    ['<think>hm</think>\n\nHi', 'Hi', 'hm'],
    ['\n<think>\n\n</think>\n\nHi', 'Hi', ''],
    ['<think>a</think><think>b</think>c', 'c', 'ab'],
    ['<think>never closed', '', 'never closed'],
    ['<think>a < b </ c</think>d', 'd', 'a < b </ c'],
    ['plain', 'plain', ''],
    ['  indented', '  indented', ''],
    ['<thin', '<thin', ''],
    ['', '', ''],
    ['Use <think> and </think> like this', 'Use <think> and </think> like this', ''],
    ['<think>a</think>Use <think>', 'Use <think>', 'a'],
  ])('%j is told apart', (whole, text, reasoning) => {
    expect(split([whole])).toEqual({ text, reasoning });
    expect(split(whole.split(''))).toEqual({ text, reasoning });
  });

  const part = fc.constantFrom('<think>', '</think>', '<', 'th', 'ink>', '/', ' ', '\n', 'word');

  it('are the same however the text is cut', () => {
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), fc.array(fc.nat(40)), (parts, cuts) => {
        const whole = parts.join('');
        const places = [0, ...cuts.map((cut) => Math.min(cut, whole.length)).toSorted((a, b) => a - b), whole.length];
        const pieces = places.slice(1).map((place, index) => whole.slice(places[index], place));
        expect(split(pieces)).toEqual(split([whole]));
      }),
    );
  });

  it('lose no text that has no tags', () => {
    fc.assert(
      fc.property(fc.array(fc.string().filter((text) => !text.includes('<'))), (pieces) => {
        expect(split(pieces)).toEqual({ text: pieces.join(''), reasoning: '' });
      }),
    );
  });
});
