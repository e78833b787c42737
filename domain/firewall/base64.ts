/** Shortest run of Base64 letters looked into: 12 bytes, fewer than the shortest attack needs. */
const minRun = 16;

/** How deep Base64 in Base64 is followed. */
const maxDepth = 3;

/** Value of each letter of RFC 4648 §4 and §5 by its character code. */
const values = new Uint8Array(128);
for (let code = 0; code < 26; code += 1) {
  values[code + 65] = code;
  values[code + 97] = code + 26;
}
for (let digit = 0; digit < 10; digit += 1) values[digit + 48] = digit + 52;
for (const [letter, value] of Object.entries({ '+': 62, '-': 62, '/': 63, _: 63 }))
  values[letter.charCodeAt(0)] = value;

/** Texts found by decoding, and whether the budget ended before everything was looked at. */
export type Decoded = { readonly texts: readonly string[]; readonly isExhausted: boolean };

/**
 * Every text hidden in Base64: all runs, padded or not, URL-safe or not, wrapped over lines, nested, or glued to a prefix
 * (each of the four alignments is tried). The work is bounded by the length of the input.
 */
export function decodeBase64Runs(text: string): Decoded {
  const texts: string[] = [];
  let budget = 65_536 + 32 * text.length;
  let layer = [text];
  for (let depth = 0; depth < maxDepth && layer.length > 0; depth += 1) {
    const runs = layer.flatMap((source) => [...candidates(source)]);
    budget -= runs.reduce((sum, run) => sum + run.length, 0);
    if (budget < 0) return { texts, isExhausted: true };
    layer = runs.map(decodeText).filter((decoded) => decoded !== undefined);
    texts.push(...layer);
  }
  return { texts, isExhausted: false };
}

function* candidates(text: string): Generator<string> {
  const joined = text.replace(/(?<=[\w+/-]{4})[ \t]{0,8}\r?\n[ \t]{0,8}(?=[\w+/-]{4})/gu, '');
  for (const source of joined === text ? [text] : [text, joined]) {
    for (const [run] of source.matchAll(/[A-Za-z0-9+/_-]{16,}/gu)) {
      for (let offset = 0; offset < 4 && run.length - offset >= minRun; offset += 1) yield run.slice(offset);
    }
  }
}

/** The readable stretches of what a run stands for, or undefined where it stands for bytes: a payload may be glued to a decoy. */
function decodeText(run: string): string | undefined {
  const text = new TextDecoder().decode(decodeBytes(run));
  return text.match(/(?:[\t\n\r]|[^\p{Cc}\uFFFD]){8,}/gu)?.join('\n');
}

function decodeBytes(run: string): Uint8Array {
  const bytes = new Uint8Array(Math.floor((run.length * 3) / 4));
  let bits = 0;
  let held = 0;
  let at = 0;
  for (let place = 0; place < run.length; place += 1) {
    held = ((held << 6) | (values[run.charCodeAt(place)] ?? 0)) & 0xffffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at] = (held >> bits) & 0xff;
    at += 1;
  }
  return bytes.subarray(0, at);
}
