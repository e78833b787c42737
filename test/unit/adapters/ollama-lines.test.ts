import fc from 'fast-check';
import { expect, it } from 'vitest';

import { readJsonLines } from '../../../adapters/ollama-lines.ts';

const call = { url: 'http://127.0.0.1:1', model: 'm' };

async function read(chunks: readonly Uint8Array[]): Promise<unknown[]> {
  const values: unknown[] = [];
  for await (const value of readJsonLines(ReadableStream.from(chunks), call)) values.push(value);
  return values;
}

it('reads the same values however the bytes are cut', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.json()), fc.array(fc.nat(200)), async (values, cuts) => {
      const lines = values.map((value) => JSON.stringify(JSON.parse(value)));
      const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
      const places = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).toSorted((a, b) => a - b), bytes.length];
      const chunks = places.slice(1).map((place, index) => bytes.subarray(places[index], place));
      expect((await read(chunks)).map((value) => JSON.stringify(value))).toEqual(lines);
    }),
  );
});

it.each([
  ['{"a":1}\n{"b', 'cut-off'],
  ['{"a":1}\nnonsense\n{"b":2}\n', 'bad-reply'],
])('fails on %j', async (text, reason) => {
  await expect(read([Buffer.from(text)])).rejects.toMatchObject({ code: 'MODEL_UNAVAILABLE', details: { reason } });
});
