const wordsPerMinute = 230;

/** Counts what a text is made of. Words and sentences are found as Unicode defines them, in any script. */
export default async ({ text, top = 5 }) => {
  const words = segment(text, 'word')
    .filter(({ isWordLike }) => isWordLike)
    .map((part) => part.segment);
  const letters = words.reduce((sum, word) => sum + lengthOf(word), 0);
  const sentences = segment(text, 'sentence').filter((part) => /[\p{L}\p{N}]/u.test(part.segment)).length;
  return {
    characters: lengthOf(text),
    words: words.length,
    sentences,
    lines: text === '' ? 0 : text.replace(/\n$/, '').split('\n').length,
    paragraphs: text.split(/\n\s*\n/).filter((part) => part.trim() !== '').length,
    averageWordLength: words.length === 0 ? 0 : oneDigit(letters / words.length),
    averageSentenceLength: sentences === 0 ? 0 : oneDigit(words.length / sentences),
    readingSeconds: Math.ceil((words.length / wordsPerMinute) * 60),
    topWords: mostFrequent(words, top),
  };
};

function segment(text, granularity) {
  return [...new Intl.Segmenter('en', { granularity }).segment(text)];
}

/** What a person would count: a flag or an accent is one character with its letter. */
function lengthOf(text) {
  return segment(text, 'grapheme').length;
}

function oneDigit(value) {
  return Math.round(value * 10) / 10;
}

/** Of equally frequent words the first in the text. */
function mostFrequent(words, top) {
  const counts = new Map();
  for (const word of words) counts.set(word.toLowerCase(), (counts.get(word.toLowerCase()) ?? 0) + 1);
  return [...counts]
    .toSorted((a, b) => b[1] - a[1])
    .slice(0, top)
    .map(([word, count]) => ({ word, count }));
}
