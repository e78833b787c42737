import { TalosError } from '../domain/errors.ts';
import { JsonValue } from '../domain/json.ts';
import { chooseChatModel, isTestModel } from '../domain/models/choose.ts';
import type { ModelMessage } from '../domain/models/model.ts';
import type { LanguageModel } from '../domain/ports.ts';
import type { SkillRules } from '../domain/skills/ports.ts';
import type { SkillBundle } from '../domain/skills/bundle.ts';
import type { EvalCase } from '../domain/skills/cases.ts';

type Options = {
  readonly model: LanguageModel;
  readonly settings: {
    readonly chatModel: string;
    readonly contextTokens: number;
    readonly maxOutputTokens: number;
  };
  readonly judgeCase: SkillRules['judgeCase'];
};

const rules =
  'Do the task by yourself, without tools, and answer with the result alone, as JSON that follows the schema. Do not explain.';

/**
 * How many cases a model gets right without the skill, judged like the runs of the skill. Undefined where only a built-in test model could
 * answer: a comparison with fixed sentences says nothing.
 */
export function createAnswerAlone({ model, settings, judgeCase }: Options): SkillRules['answerAlone'] {
  const { contextTokens, maxOutputTokens } = settings;
  return async (bundle, cases, signal) => {
    const chosen = chooseChatModel(await model.installed(), settings.chatModel);
    if (chosen.kind !== 'wanted' || isTestModel(chosen.model)) return undefined;
    let passed = 0;
    for (const evalCase of cases) {
      const request = {
        model: chosen.model,
        messages: askAlone(bundle, evalCase),
        contextTokens,
        maxOutputTokens,
        temperature: 0,
        think: false,
        format: bundle.manifest.output,
      };
      const output = parseOutput(await wholeText(model.chat(request, signal)));
      if (output !== undefined && judgeCase(evalCase, output).pass) passed += 1;
    }
    return { passed, model: chosen.model };
  };
}

/** A case as a person would put it; one without a prompt is put by what the skill says of itself. */
function askAlone({ manifest }: SkillBundle, { prompt, input }: EvalCase): ModelMessage[] {
  const task = prompt ?? manifest.description;
  return [
    { role: 'system', content: rules },
    { role: 'user', content: `${task}\n\nInput: ${JSON.stringify(input)}` },
  ];
}

async function wholeText(events: ReturnType<LanguageModel['chat']>): Promise<string> {
  let text = '';
  for await (const event of events) {
    if (event.type === 'finish') return text;
    if (event.type === 'text-delta') text += event.text;
  }
  throw new TalosError('MODEL_UNAVAILABLE', 'The model stopped in the middle of a case; it is asked again.');
}

/** Undefined for what is no JSON, which no case takes for right. */
function parseOutput(text: string): JsonValue | undefined {
  try {
    return JsonValue.parse(JSON.parse(text));
  } catch {
    return undefined; // a model may answer with anything
  }
}
