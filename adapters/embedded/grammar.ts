import { Failure } from './failure.ts';
import type { Library, Llama, LlamaModel } from './library.ts';

/** The library lets a value end only after four line breaks, which models that were not asked for them find hard to write. */
const forcedEnd = / "\\n\\n\\n\\n" \[\\n\]\*(?=\n|$)/;

/** Holds an answer to a JSON Schema. Limits of numbers are not kept; whoever asked checks the answer all the same. */
export async function grammarFor(
  { library, llama, model }: { library: Library; llama: Llama; model: LlamaModel },
  schema: Readonly<Record<string, unknown>>,
): Promise<object> {
  try {
    const written = await llama.createGrammarForJsonSchema(openObjects(schema));
    const grammar = await llama.createGrammar({ grammar: written.grammar.replace(forcedEnd, '') });
    return new library.LlamaGrammarEvaluationState({ model, grammar });
  } catch (error) {
    throw new Failure('refused', `the JSON Schema is not understood: ${String(error)}`);
  }
}

/** To the library an object without named properties is an empty one; in JSON Schema it is any. */
export function openObjects(schema: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const opened = Object.entries(schema).map(([key, value]) => [key, openInside(value)]);
  const isAny = schema['type'] === 'object' && schema['properties'] === undefined;
  return {
    ...Object.fromEntries(opened),
    ...(isAny && { additionalProperties: schema['additionalProperties'] ?? true }),
  };
}

function openInside(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(openInside);
  return typeof value === 'object' && value !== null ? openObjects({ ...value }) : value;
}
