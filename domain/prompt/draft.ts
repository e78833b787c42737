import type { ModelMessage } from '../models/model.ts';
import type { DraftTry } from '../skills/draft.ts';
import { beginningOf, estimateTokens, overheadTokens } from './tokens.ts';

const rules = `You write small, safe functions called skills, in JavaScript.

- "id": lower-case words joined by "-". "description": what it does and when to use it.
- "input" and "output": JSON Schemas of type object, with "properties", "required" and "additionalProperties": false.
- "code": one ES module that exports the function, such as: export default async (input, ctx) => { return { ... }; };
- It computes only: no files, processes, packages or network.
- "cases": three or more, all with different inputs; "expected" is the exact output. "prompt" is what a person would ask for it.
- The same input always gives the same output. Bad input throws an Error that says what is wrong.`;

/** How much of what went wrong the model hears. */
const longestProblem = 2000;

/** Most of what is left beside the order that may say what was wrong. */
const problemShare = 0.4;

const mend = (problem: string): string =>
  `That does not work:\n${problem}\n\nMend it and answer with the whole skill-draft as JSON.`;

/**
 * What a model is asked to write a skill with; after a try that failed, with what was wrong. Of both it sees as much as fits into so
 * many tokens: a prompt that is longer than its window would be refused.
 */
export function draftPrompt(request: string, tries: readonly DraftTry[], tokens: number): ModelMessage[] {
  const last = tries.at(-1);
  const order = `Answer with one skill-draft as JSON. The owner asks: ${request}`;
  const first: ModelMessage[] = [
    { role: 'system', content: rules },
    { role: 'user', content: order },
  ];
  if (last?.problem === undefined) return first;
  const fixed = [rules, order, mend('')].reduce((sum, text) => sum + estimateTokens(text), 4 * overheadTokens);
  const free = Math.max(0, tokens - fixed);
  const problem = beginningOf(last.problem.slice(0, longestProblem), free * problemShare);
  const reply = beginningOf(last.reply, free - estimateTokens(problem));
  return [...first, { role: 'assistant', content: reply }, { role: 'user', content: mend(problem) }];
}
