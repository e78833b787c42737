import { z } from 'zod';

import type { ModelEvent } from '../../domain/models/model.ts';
import { readArguments } from '../tool-arguments.ts';

const open = '<tool_call>';
const close = '</tool_call>';

const Written = z.object({ name: z.string().min(1).max(200), arguments: z.unknown() });

/** Whether a chat template tells its model to write calls as this file reads them. */
export function writesCalls(template: string): boolean {
  return template.includes(open);
}

/** Takes calls out of a text, as Qwen, Hermes and many others write them. What is between the tags and no call stays text. */
export function createToolCallSplitter(): { push(text: string): ModelEvent[]; flush(): ModelEvent[] } {
  let held = '';
  let gap = '';
  let calls = 0;

  function read(json: string): ModelEvent {
    const written = Written.safeParse(parseJson(json));
    if (!written.success) {
      const text = `${gap}${open}${json}${close}`;
      gap = '';
      return { type: 'text-delta', text };
    }
    calls += 1;
    gap = '';
    const { name, arguments: args } = written.data;
    return { type: 'tool-call', call: { id: `call-${calls}`, name, ...readArguments(args) } };
  }

  /** Space after a call counts only if more text follows. */
  function take(text: string): ModelEvent[] {
    held = held.slice(text.length);
    const whole = gap + text;
    const waits = calls > 0 && whole.trim() === '';
    gap = waits ? whole : '';
    return waits || whole === '' ? [] : [{ type: 'text-delta', text: whole }];
  }

  function step(): ModelEvent[] {
    const begin = held.indexOf(open);
    if (begin < 0) return take(held.slice(0, held.length - overlap(held)));
    const before = take(held.slice(0, begin));
    const end = held.indexOf(close);
    if (end < 0) return before;
    const call = read(held.slice(open.length, end));
    held = held.slice(end + close.length);
    return [...before, call, ...step()];
  }

  return {
    push(text) {
      held += text;
      return step();
    },
    flush() {
      const { length } = open;
      const cutOff = held.startsWith(open) ? [read(held.slice(length))] : take(held);
      held = '';
      return cutOff;
    },
  };
}

/** How many characters at the end may be the beginning of a call. */
function overlap(text: string): number {
  let length = Math.min(open.length - 1, text.length);
  while (!text.endsWith(open.slice(0, length))) length--;
  return length;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // no call, as the caller will find
  }
}
