import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { createToolCallSplitter } from '../../../../adapters/embedded/tool-calls.ts';
import type { ModelEvent } from '../../../../domain/models/model.ts';

function split(...pieces: string[]): ModelEvent[] {
  const splitter = createToolCallSplitter();
  return [...pieces.flatMap((piece) => splitter.push(piece)), ...splitter.flush()];
}

function textOf(events: readonly ModelEvent[]): string {
  return events.map((event) => (event.type === 'text-delta' ? event.text : '')).join('');
}

const call = '<tool_call>\n{"name": "look", "arguments": {"at": "sky"}}\n</tool_call>';

describe('calls in the text of a model', () => {
  it('are taken out, with the space between them', () => {
    expect(split(`I look.\n${call}\n${call}\n`)).toEqual([
      { type: 'text-delta', text: 'I look.\n' },
      { type: 'tool-call', call: { id: 'call-1', name: 'look', arguments: { at: 'sky' } } },
      { type: 'tool-call', call: { id: 'call-2', name: 'look', arguments: { at: 'sky' } } },
    ]);
  });

  it('come out the same however the text is cut', () => {
    const text = `before ${call} after`;
    const cuts = fc.array(fc.nat(text.length), { maxLength: 10 });
    fc.assert(
      fc.property(cuts, (places) => {
        const ends = [...places, text.length].toSorted((left, right) => left - right);
        const pieces = ends.map((end, index) => text.slice(ends[index - 1] ?? 0, end));
        const events = split(...pieces);
        expect(textOf(events)).toBe('before  after');
        expect(events.filter(({ type }) => type === 'tool-call')).toHaveLength(1);
      }),
    );
  });

  it('with broken arguments have a problem, and nobody guesses', () => {
    const [event] = split('<tool_call>{"name":"look","arguments":"{\\"at"}</tool_call>');
    expect(event).toMatchObject({ call: { name: 'look', arguments: {}, problem: expect.stringContaining('no JSON') } });
  });

  it.each(['<tool_call>look!</tool_call>', '<tool_call>{"arguments":{}}</tool_call>', 'a < b', '<tool_cal'])(
    'are none in %s',
    (text) => expect(split(text)).toEqual([{ type: 'text-delta', text }]),
  );

  it('that were cut off are no calls', () => {
    expect(split('<tool_call>{"name":"lo').some(({ type }) => type === 'tool-call')).toBe(false);
  });
});
