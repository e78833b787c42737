const wordsPerMinute = 230;

/** Longest word that is told, in UTF-16 code units. */
const longestWord = 200;

/** Making one takes longer than using it. */
const segmenters = {
  word: new Intl.Segmenter('en', { granularity: 'word' }),
  sentence: new Intl.Segmenter('en', { granularity: 'sentence' }),
  grapheme: new Intl.Segmenter('en', { granularity: 'grapheme' }),
};

/** Counts what a text is made of. Words and sentences are found as Unicode defines them, in any script. */
export default async ({ text, top = 5 }) => {
  const { counts, words, letters } = countWords(text);
  const sentences = countSegments(text, 'sentence', (part) => /[\p{L}\p{N}]/u.test(part));
  return {
    characters: lengthOf(text),
    words,
    sentences,
    ...countLines(text),
    averageWordLength: words === 0 ? 0 : oneDigit(letters / words),
    averageSentenceLength: sentences === 0 ? 0 : oneDigit(words / sentences),
    readingSeconds: Math.ceil((words / wordsPerMinute) * 60),
    topWords: mostFrequent(counts, top),
  };
};

/** One segment after the other: all of a long text at once take more memory than there is. */
function countSegments(text, granularity, counts) {
  let count = 0;
  for (const { segment } of segmenters[granularity].segment(text)) if (counts(segment)) count += 1;
  return count;
}

/** How often each word is there, however it is written, and how many letters all of them have. */
function countWords(text) {
  const counts = new Map();
  let words = 0;
  let letters = 0;
  for (const { segment, isWordLike } of segmenters.word.segment(text)) {
    if (!isWordLike) continue;
    const word = segment.toLowerCase();
    counts.set(word, (counts.get(word) ?? 0) + 1);
    words += 1;
    letters += lengthOf(segment);
  }
  return { counts, words, letters };
}

/** A line ends with LF, CRLF or CR; lines without a word part paragraphs. */
function countLines(text) {
  const lines = text.split(/\r\n?|\n/);
  if (lines.at(-1) === '') lines.pop();
  const isFilled = lines.map((line) => line.trim() !== '');
  return { lines: lines.length, paragraphs: isFilled.filter((filled, at) => filled && !isFilled[at - 1]).length };
}

/** What a person would count: a flag or an accent is one character with its letter. */
function lengthOf(text) {
  return countSegments(text, 'grapheme', () => true);
}

function oneDigit(value) {
  return Math.round(value * 10) / 10;
}

/** Of equally frequent words the first in the text. */
function mostFrequent(counts, top) {
  return [...counts]
    .toSorted((a, b) => b[1] - a[1])
    .slice(0, top)
    .map(([word, count]) => ({ word: shorten(word), count }));
}

/** The beginning of a word, without half a character at its end. */
function shorten(word) {
  return word
    .slice(0, longestWord)
    .replace(/[\ud800-\udbff]$/, '')
    .toWellFormed();
}
