import { cutOff, type OllamaCall, unreadable } from './ollama-failures.ts';

/** Longest line accepted, in characters; an honest one holds a token or the arguments of a tool call. */
const maxLineChars = 4_194_304;

/** Reads a body of one JSON value per line. Bytes that are no UTF-8 become U+FFFD. A body that ends inside a line is cut off. */
export async function* readJsonLines(body: AsyncIterable<Uint8Array>, call: OllamaCall): AsyncGenerator<unknown, void> {
  const decoder = new TextDecoder();
  let pending: string[] = [];
  let pendingChars = 0;
  for await (const chunk of body) {
    const parts = decoder.decode(chunk, { stream: true }).split('\n');
    const rest = parts.pop() ?? '';
    for (const part of parts) {
      const line = pending.join('') + part;
      pending = [];
      pendingChars = 0;
      if (line.trim() !== '') yield parseLine(line, call);
    }
    pending.push(rest);
    pendingChars += rest.length;
    if (pendingChars > maxLineChars) throw unreadable(call, `a line is longer than ${maxLineChars} characters`);
  }
  const last = pending.join('') + decoder.decode();
  if (last.trim() === '') return;
  const value = tryParse(last);
  if (value === undefined) throw cutOff(call);
  yield value;
}

function parseLine(line: string, call: OllamaCall): unknown {
  const value = tryParse(line);
  if (value === undefined) throw unreadable(call, 'a line of the stream is not JSON');
  return value;
}

function tryParse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined; // the caller knows what that means at its place; undefined is no JSON value
  }
}
