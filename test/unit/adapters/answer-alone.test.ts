import { expect, it } from 'vitest';

import { createAnswerAlone } from '../../../adapters/answer-alone.ts';
import { createMemoryLanguageModel } from '../../../adapters/memory/language-model.ts';
import type { ModelRequest } from '../../../domain/models/model.ts';
import { judgeCase } from '../../../domain/skills/judge-case.ts';
import { makeBundle } from '../../support/skill-twins.ts';

const settings = { chatModel: 'real', contextTokens: 4096, maxOutputTokens: 256 };
const bundle = makeBundle('double', { cases: 3 });

function alone(models: string[], answer: (request: ModelRequest) => string) {
  const requests: ModelRequest[] = [];
  const model = createMemoryLanguageModel({
    models,
    reply(request) {
      requests.push(request);
      return [answer(request)];
    },
  });
  return { requests, answerAlone: createAnswerAlone({ model, settings, judgeCase }) };
}

it('counts the cases the model gets right, asked to the output schema', async () => {
  const { requests, answerAlone } = alone(['real'], ({ messages }) =>
    messages.at(-1)?.content.includes('Input: 2') === true ? '4' : '7',
  );
  expect(await answerAlone(bundle, bundle.cases, AbortSignal.timeout(5000))).toEqual({ passed: 1, model: 'real' });
  expect(requests).toHaveLength(3);
  expect(requests[0]).toMatchObject({ format: { type: 'number' }, temperature: 0 });
  expect(requests[0]?.messages.at(-1)?.content).toBe('doubles a number\n\nInput: 1');
});

it('asks in the words of the case where it has some', async () => {
  const { requests, answerAlone } = alone(['real'], () => 'no JSON');
  const [first] = bundle.cases;
  if (first === undefined) throw new Error('no case');
  const found = await answerAlone(bundle, [{ ...first, prompt: 'What is twice one?' }], AbortSignal.timeout(5000));
  expect(found).toEqual({ passed: 0, model: 'real' });
  expect(requests[0]?.messages.at(-1)?.content).toContain('What is twice one?');
});

it('says nothing where only a built-in test model could answer', async () => {
  const { requests, answerAlone } = alone(['talos-test'], () => '2');
  expect(await answerAlone(bundle, bundle.cases, AbortSignal.timeout(5000))).toBeUndefined();
  expect(requests).toEqual([]);
});
