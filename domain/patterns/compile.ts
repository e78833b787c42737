import { parsePattern, type PatternNode } from './parse.ts';

/** Most steps a pattern may compile to; what bounds the time of a match together with the length of the text. */
const maxSteps = 2000;

/** A regular expression whose matching takes time proportional to the text, whatever pattern and text are. */
export type LinearPattern = {
  /** Whether it is found anywhere in the text. */
  test(text: string): boolean;
};

type Step =
  | { readonly kind: 'reads'; readonly accepts: (character: string) => boolean }
  | { readonly kind: 'asserts'; readonly holds: (place: Place) => boolean }
  | { readonly kind: 'forks'; readonly to: number[] }
  | { readonly kind: 'ends' };

/** A place between two characters; undefined at the edge of the text. */
type Place = { readonly before: string | undefined; readonly after: string | undefined };

/**
 * Compiles a pattern to the steps of an automaton that follows all possibilities at once (Thompson), so that no text can make it
 * take exponentially long. Throws a SyntaxError for what is no such pattern or too large.
 */
export function compilePattern(source: string): LinearPattern {
  const steps: Step[] = [];
  emit(parsePattern(source), steps);
  push(steps, { kind: 'ends' });
  return { test: (text) => run(steps, text) };
}

function push(steps: Step[], step: Step): void {
  if (steps.length >= maxSteps) throw new SyntaxError(`the pattern unfolds to more than ${maxSteps} steps`);
  steps.push(step);
}

/** Appends the steps of a node; control falls off their end when it matched. */
function emit(node: PatternNode, steps: Step[]): void {
  switch (node.kind) {
    case 'reads':
      return push(steps, { kind: 'reads', accepts: acceptor(node.source) });
    case 'asserts':
      return push(steps, { kind: 'asserts', holds: assertions[node.what] });
    case 'sequence':
      for (const item of node.items) emit(item, steps);
      return;
    case 'choice':
      return emitChoice(node.items, steps);
    case 'repeat':
      return emitRepeat(node, steps);
  }
}

function emitChoice(items: readonly PatternNode[], steps: Step[]): void {
  if (items.length === 1) return items.forEach((item) => emit(item, steps));
  const starts: number[] = [];
  const exits: number[][] = [];
  push(steps, { kind: 'forks', to: starts });
  for (const item of items) {
    starts.push(steps.length);
    emit(item, steps);
    const exit: number[] = [];
    exits.push(exit);
    push(steps, { kind: 'forks', to: exit });
  }
  for (const exit of exits) exit.push(steps.length);
}

function emitRepeat({ item, min, max }: Extract<PatternNode, { kind: 'repeat' }>, steps: Step[]): void {
  const start = steps.length;
  for (let count = 0; count < min; count += 1) {
    emit(item, steps);
    if (steps.length === start) break; // what is empty once is empty however often
  }
  if (max === undefined) {
    const loop = steps.length;
    const to = [loop + 1];
    push(steps, { kind: 'forks', to });
    emit(item, steps);
    push(steps, { kind: 'forks', to: [loop] });
    to.push(steps.length);
    return;
  }
  const exits: number[][] = [];
  for (let count = min; count < max; count += 1) {
    const to = [steps.length + 1];
    exits.push(to);
    push(steps, { kind: 'forks', to });
    emit(item, steps);
  }
  for (const to of exits) to.push(steps.length);
}

/** One character is matched by the platform: a pattern of one character cannot backtrack. */
function acceptor(source: string): (character: string) => boolean {
  if (/^[\p{L}\p{N} ]$/u.test(source)) return (character) => character === source;
  const pattern = new RegExp(`^(?:${source})$`, 'u');
  return (character) => pattern.test(character);
}

const isWord = (character: string | undefined): boolean => character !== undefined && /^\w$/.test(character);

const assertions: Record<Extract<PatternNode, { kind: 'asserts' }>['what'], (place: Place) => boolean> = {
  '^': ({ before }) => before === undefined,
  $: ({ after }) => after === undefined,
  '\\b': ({ before, after }) => isWord(before) !== isWord(after),
  '\\B': ({ before, after }) => isWord(before) === isWord(after),
};

function run(steps: readonly Step[], text: string): boolean {
  const characters = Array.from(text);
  let waiting: readonly number[] = [];
  for (let at = 0; at <= characters.length; at += 1) {
    const after = characters[at];
    const reached = follow(steps, [...waiting, 0], { before: characters[at - 1], after });
    if (reached === 'ended') return true;
    waiting =
      after === undefined ? [] : reached.filter((index) => accepts(steps[index], after)).map((index) => index + 1);
  }
  return false;
}

function accepts(step: Step | undefined, character: string): boolean {
  return step?.kind === 'reads' && step.accepts(character);
}

/** All reading steps that can be reached without reading, each once. */
function follow(steps: readonly Step[], from: readonly number[], place: Place): 'ended' | number[] {
  const seen = new Set<number>();
  const open = [...from];
  const reading: number[] = [];
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    if (seen.has(index)) continue;
    seen.add(index);
    const step = steps[index];
    if (step?.kind === 'ends') return 'ended';
    if (step?.kind === 'reads') reading.push(index);
    if (step?.kind === 'forks') open.push(...step.to);
    if (step?.kind === 'asserts' && step.holds(place)) open.push(index + 1);
  }
  return reading;
}
