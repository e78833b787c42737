/** Scripts that put no spaces between words; their runs are cut into pairs of letters. */
const unspacedLetters = String.raw`[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]`;

const unspaced = new RegExp(`^${unspacedLetters}`, 'u');
const tokens = new RegExp(String.raw`${unspacedLetters}+|(?:(?!${unspacedLetters})[\p{L}\p{M}\p{N}])+`, 'gu');

/** The words of a text in order, in lower case and in any script. */
export function wordsOf(text: string): string[] {
  const found = text.normalize('NFKC').toLowerCase().match(tokens) ?? [];
  return found.flatMap((token) => (unspaced.test(token) ? letterPairs(token) : [token]));
}

function letterPairs(token: string): string[] {
  const letters = Array.from(token);
  if (letters.length < 2) return letters;
  return letters.slice(1).map((letter, at) => `${letters[at] ?? ''}${letter}`);
}
