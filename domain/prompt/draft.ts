import type { ModelMessage } from '../models/model.ts';
import type { DraftTry } from '../skills/draft.ts';

const rules = `You write small, safe functions called skills, in JavaScript.

- "id": lower-case words joined by "-". "description": what it does and when to use it.
- "input" and "output": JSON Schemas of type object, with "properties", "required" and "additionalProperties": false.
- "code": one ES module that exports the function, such as: export default async (input, ctx) => { return { ... }; };
- It computes only: no files, processes, packages or network.
- "cases": three or more, all with different inputs; "expected" is the exact output. "prompt" is what a person would ask for it.
- The same input always gives the same output. Bad input throws an Error that says what is wrong.`;

/** How much of what went wrong the model hears. */
const longestProblem = 2000;

/** What a model is asked to write a skill with; after a try that failed, with what was wrong. */
export function draftPrompt(request: string, tries: readonly DraftTry[]): ModelMessage[] {
  const last = tries.at(-1);
  const order = `Answer with one skill-draft as JSON. The owner asks: ${request}`;
  const first: ModelMessage[] = [
    { role: 'system', content: rules },
    { role: 'user', content: order },
  ];
  if (last?.problem === undefined) return first;
  const problem = last.problem.slice(0, longestProblem).toWellFormed();
  return [
    ...first,
    { role: 'assistant', content: last.reply },
    {
      role: 'user',
      content: `That does not work:\n${problem}\n\nMend it and answer with the whole skill-draft as JSON.`,
    },
  ];
}
