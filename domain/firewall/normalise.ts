import { latinLookalikes, plainLatin } from './lookalikes.ts';

/** How often percent-encoding and entities are undone: deeper nesting is not text anybody reads. */
const decodeRounds = 3;

const namedEntities: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  shy: '',
  zwj: '',
  zwnj: '',
  tab: '\t',
  newline: '\n',
  lowbar: '_',
  vert: '|',
  lbrack: '[',
  rbrack: ']',
};

/** Characters that show nothing: zero-width, bidi controls, tags, fillers, variation selectors, and C0/C1 controls but not white space. */
const invisible = /(?![\t\n\v\f\r\u0085])[\p{Default_Ignorable_Code_Point}\p{Cc}\uFFF9-\uFFFB]/gu;

/** Brings a text into the one form the patterns are written for: visible, lower case, plain Latin letters, single spaces. */
export function normalise(text: string): string {
  const visible = removeInvisible(unboxLetters(decodeEscapes(text)).normalize('NFKC'));
  const latin = foldLookalikes(stripMarks(joinSpacedLetters(visible)));
  return foldSpace(latin.toLowerCase());
}

/** The ASCII text hidden in Unicode tag characters (U+E0020 to U+E007E), or an empty string. */
export function hiddenTagText(text: string): string {
  let hidden = '';
  for (const [tags] of text.matchAll(/[\u{E0020}-\u{E007E}]+/gu)) {
    for (const tag of tags) hidden += String.fromCodePoint((tag.codePointAt(0) ?? 0xe0020) - 0xe0000);
    hidden += ' ';
  }
  return hidden.trim();
}

/** Removes every character that shows nothing. */
export function removeInvisible(text: string): string {
  return text.replace(invisible, '');
}

function decodeEscapes(text: string): string {
  let decoded = text;
  for (let round = 0; round < decodeRounds; round += 1) {
    const next = decodeBackslashes(decodePercent(decodeEntities(decoded)));
    if (next === decoded) break;
    decoded = next;
  }
  return decoded;
}

function decodeEntities(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,8}));?/giu, (entity, ...groups) => {
    const [decimal, hex, name]: (string | undefined)[] = groups;
    if (name !== undefined) return namedEntities[name.toLowerCase()] ?? entity;
    const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal);
    return isScalar(code) ? String.fromCodePoint(code) : '';
  });
}

function isScalar(code: number): boolean {
  return code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
}

function decodePercent(text: string): string {
  if (!text.includes('%')) return text;
  const decoded = text.replace(/(?:%[0-9a-f]{2})+/giu, (run) => {
    const bytes = Uint8Array.from(run.slice(1).split('%'), (pair) => Number.parseInt(pair, 16));
    return new TextDecoder().decode(bytes);
  });
  const isForm = decoded !== text && !/\s/u.test(text);
  return isForm ? decoded.replaceAll('+', ' ') : decoded;
}

/** Undoes the escapes of JSON and of programming languages; a line break becomes a space, for the text around it is one line. */
function decodeBackslashes(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(/\\(?:u([0-9a-f]{4})|u\{([0-9a-f]{1,6})\}|x([0-9a-f]{2})|[nrtfv])/giu, (_escape, ...groups) => {
    const [unit, code, byte]: (string | undefined)[] = groups;
    const digits = unit ?? byte ?? code;
    if (digits === undefined) return ' ';
    const value = Number.parseInt(digits, 16);
    if (code !== undefined) return isScalar(value) ? String.fromCodePoint(value) : '';
    return String.fromCharCode(value); // two units may make a pair
  });
}

/** White letters in black squares or circles, and those that flags are made of, which have no plain form in Unicode. */
function unboxLetters(text: string): string {
  return text.replace(/[\u{1F150}-\u{1F169}\u{1F170}-\u{1F189}\u{1F1E6}-\u{1F1FF}]/gu, (boxed) => {
    const code = boxed.codePointAt(0) ?? 0;
    const first = code >= 0x1f1e6 ? 0x1f1e6 : code >= 0x1f170 ? 0x1f170 : 0x1f150;
    return String.fromCharCode(0x61 + code - first);
  });
}

/** Makes `i g n o r e` one word again. */
function joinSpacedLetters(text: string): string {
  return text.replace(/(?<![\p{L}\p{N}])\p{L}(?:[ ._*-]\p{L}){2,}(?![\p{L}\p{N}])/gu, (run) =>
    run.replace(/[^\p{L}]/gu, ''),
  );
}

function stripMarks(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/([\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}])\p{M}+/gu, '$1')
    .normalize('NFC');
}

const lettered = /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}\p{Script=Latin}]+/gu;

/** Maps look-alikes to plain Latin: those of other scripts in words that mix scripts or turn wholly Latin by it; other words are left alone. */
function foldLookalikes(text: string): string {
  return text.replace(lettered, (word) => {
    if (/^[a-z]+$/i.test(word)) return word;
    let plain = '';
    let latin = '';
    for (const letter of word) {
      const own = plainLatin.get(letter.toLowerCase());
      plain += own ?? letter;
      latin += own ?? latinLookalikes.get(letter) ?? letter;
    }
    const isMixed = /\p{Script=Latin}/u.test(word);
    return isMixed || /^\p{Script=Latin}+$/u.test(latin) ? latin : plain;
  });
}

function foldSpace(text: string): string {
  return text.replace(/(?:[^\S\n]|[\u0085\u2800])+/gu, ' ').replace(/ ?\n[ \n]*/gu, '\n');
}
