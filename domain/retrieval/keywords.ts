import { wordsOf } from './words.ts';

/** Most words handed to the store: each one costs a scan of the texts. */
const maxWords = 5;

/** Shortest word worth a search; letter pairs of unspaced scripts are exempt. */
const minLetters = 3;

/** Words so common that finding them says nothing. */
const commonWords = new Set(
  (
    'about after all also and any are because been but can could did does for from get give had has have her him his how into ' +
    'its just know let like make may mean more most much must not now off one only other our out over please say said she should ' +
    'some tell than that the their them then there these they this those thus too use very want was way were what when where which ' +
    'while who whom whose why will with would yes you your ' +
    'aber als auch auf aus bei bin das dass dem den der des die dir doch ein eine einem einen einer für hat ich ihr ist kann mein ' +
    'meine mich mir mit nach nicht oder sich sie sind und uns von war warum was wer wie wird wir wo zum zur ' +
    'avec ces dans des elle est les leur mais mes mon nous par pas pour que quel quelle qui quoi sont sur une vous ' +
    'como con cual del donde ella las los mis para pero por que quien sin sobre son sus una unas che chi come cosa dei della gli non ' +
    'per più sono una com dos eles essa isso mais meu minha não nos onde qual quem são sua uma você'
  ).split(' '),
);

/**
 * The few words of a text that say most: names, numbers and long words first. Each comes in the ways it may be written,
 * since the store's search is case-sensitive.
 */
export function searchWords(text: string): string[] {
  const variants = keyWords(text).flatMap((word) => [word, capitalised(word), word.toUpperCase()]);
  return [...new Set(variants)];
}

/** The same few words once each, in lower case. */
export function keyWords(text: string): string[] {
  const words = [...new Set(wordsOf(text))].filter((word) => !commonWords.has(word) && isLongEnough(word));
  return words.toSorted((first, second) => weight(second) - weight(first) || compare(first, second)).slice(0, maxWords);
}

function isLongEnough(word: string): boolean {
  return (
    word.length >= minLetters || /\p{N}/u.test(word) || (word.length === 2 && /^[^\p{Script=Latin}]{2}$/u.test(word))
  );
}

function weight(word: string): number {
  return Math.min(word.length, 20) + (/\p{N}/u.test(word) ? 4 : 0);
}

function capitalised(word: string): string {
  const [first = ''] = word;
  return first.toUpperCase() + word.slice(first.length);
}

function compare(first: string, second: string): number {
  if (first === second) return 0;
  return first < second ? -1 : 1;
}
