import type { ModelEvent } from '../domain/models/model.ts';

type Delta = Extract<ModelEvent, { type: 'text-delta' | 'reasoning-delta' }>;

const open = '<think>';
const close = '</think>';

/**
 * Takes thoughts out of a text that some models write before their answer, between tags that the server should have taken out.
 * Only a tag at the very start counts: later ones are the answer's own. `push` gives what is certain so far, `flush` the rest.
 */
export function createThinkTagSplitter(): { push(text: string): Delta[]; flush(): Delta[] } {
  let state: 'start' | 'thinking' | 'text' = 'start';
  let held = '';
  let hadThoughts = false;
  let thoughtBegan = false;

  function step(): Delta[] {
    if (state === 'start') return start();
    return state === 'thinking' ? thinking() : take(held, 'text-delta');
  }

  function start(): Delta[] {
    const text = held.trimStart();
    if (text.startsWith(open)) {
      held = text.slice(open.length);
      state = 'thinking';
      hadThoughts = true;
      thoughtBegan = false;
      return step();
    }
    if (open.startsWith(text)) return []; // empty or a beginning of the tag: wait
    state = 'text';
    if (hadThoughts) held = text; // the space between thoughts and answer is part of neither
    return step();
  }

  function thinking(): Delta[] {
    if (!thoughtBegan) held = held.trimStart();
    thoughtBegan ||= held !== '' && !close.startsWith(held);
    const end = held.indexOf(close);
    if (end < 0) return take(held.slice(0, held.length - overlap(held)), 'reasoning-delta');
    const thought = take(held.slice(0, end), 'reasoning-delta');
    held = held.slice(close.length);
    state = 'start';
    return [...thought, ...step()];
  }

  function take(text: string, type: Delta['type']): Delta[] {
    held = held.slice(text.length);
    return text === '' ? [] : [{ type, text }];
  }

  return {
    push(text) {
      held += text;
      return step();
    },
    flush() {
      if (hadThoughts && state === 'start') held = held.trimStart();
      return take(held, state === 'thinking' ? 'reasoning-delta' : 'text-delta');
    },
  };
}

/** How many characters at the end may be the beginning of the closing tag. */
function overlap(text: string): number {
  let length = Math.min(close.length - 1, text.length);
  while (!text.endsWith(close.slice(0, length))) length--;
  return length;
}
