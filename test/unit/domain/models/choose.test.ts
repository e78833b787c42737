import { describe, expect, it } from 'vitest';

import { chooseChatModel, chooseEmbedder, isTestModel, shortModelName } from '../../../../domain/models/choose.ts';

const installed = (...names: string[]) => names.map((name) => ({ name, digest: 'd', sizeBytes: 1 }));

describe('choosing the chat model', () => {
  it.each([
    ['qwen2.5-coder:7b', ['qwen2.5-coder:7b', 'talos-test:latest'], 'qwen2.5-coder:7b'],
    ['mistral', ['mistral:latest'], 'mistral'],
    ['mistral:latest', ['mistral:latest'], 'mistral'],
  ])('takes %s when it is installed', (wanted, names, model) => {
    expect(chooseChatModel(installed(...names), wanted)).toEqual({ kind: 'wanted', model });
  });

  it('takes the built-in model in place of a missing one, and the notice says so and what to type', () => {
    const choice = chooseChatModel(installed('talos-test:latest', 'mistral:7b'), 'mistral');
    expect(choice).toEqual({
      kind: 'test',
      model: 'talos-test',
      notice:
        'The built-in test model answered (model: talos-test); it can only say a few fixed sentences. ' +
        'For a real model run: talos models pull mistral',
    });
  });

  it('does not take another tag for the wanted one', () => {
    expect(chooseChatModel(installed('qwen2.5-coder:1.5b'), 'qwen2.5-coder:7b').kind).toBe('none');
  });

  it('says that nothing can answer yet, and which model will', () => {
    const choice = chooseChatModel([], 'qwen2.5-coder:7b');
    expect(choice).toMatchObject({
      kind: 'none',
      model: 'talos-test',
      notice: expect.stringContaining('talos models pull'),
    });
  });

  it.each(['talos-test', 'talos-test:latest', 'talos-test-think'])(
    'labels %s also when it is the wanted one',
    (wanted) => {
      const choice = chooseChatModel(installed('talos-test:latest', 'talos-test-think:latest'), wanted);
      expect(choice).toMatchObject({ kind: 'test', model: shortModelName(wanted) });
      expect(choice.kind === 'test' && choice.notice).toContain('talos models pull qwen2.5-coder:7b');
    },
  );
});

describe('choosing the embedder', () => {
  it('takes the wanted one, by one name whatever its tag says', () => {
    const wanted = { kind: 'wanted', model: 'nomic-embed-text' };
    const names = installed('nomic-embed-text:latest');
    expect(chooseEmbedder(names, 'nomic-embed-text')).toEqual(wanted);
    expect(chooseEmbedder(names, 'nomic-embed-text:latest')).toEqual(wanted);
  });

  it('takes the built-in embedder, never the chat model, in its place', () => {
    const choice = chooseEmbedder(installed('talos-test:latest', 'talos-test-embed:latest'), 'nomic-embed-text');
    expect(choice).toMatchObject({ kind: 'test', model: 'talos-test-embed' });
    expect(chooseEmbedder(installed('talos-test:latest'), 'nomic-embed-text')).toMatchObject({ kind: 'none' });
  });
});

describe('choosing among what else may answer', () => {
  const names = installed('qwen2.5-coder:0.5b', 'mistral:7b', 'talos-test:latest');
  const starter = 'qwen2.5-coder:0.5b';

  it('takes the small starter until the configured model is there, and says so', () => {
    expect(chooseChatModel(names, 'qwen2.5-coder:7b', { starter })).toEqual({
      kind: 'starter',
      model: starter,
      notice:
        'The small model qwen2.5-coder:0.5b answers until qwen2.5-coder:7b is there. ' +
        'To get that now: talos models pull qwen2.5-coder:7b',
    });
  });

  it('takes the configured model before the starter', () => {
    expect(chooseChatModel(names, 'mistral:7b', { starter })).toEqual({ kind: 'wanted', model: 'mistral:7b' });
  });

  it("takes the owner's choice before the configured model", () => {
    const chosen = 'mistral:7b';
    expect(chooseChatModel(names, starter, { chosen, starter })).toEqual({ kind: 'wanted', model: chosen });
  });

  it('tells that the chosen model is gone when the configured one answers in its place', () => {
    const choice = chooseChatModel(names, 'mistral:7b', { chosen: 'llama3:8b', starter });
    expect(choice).toMatchObject({ kind: 'wanted', model: 'mistral:7b' });
    expect(choice.notice).toContain('llama3:8b is not installed');
  });

  it('takes a built-in model that was chosen, labelled as such', () => {
    expect(chooseChatModel(names, 'mistral:7b', { chosen: 'talos-test', starter })).toMatchObject({
      kind: 'test',
      model: 'talos-test',
    });
  });

  it('never lets a starter take the place of a built-in model that is wanted', () => {
    expect(chooseChatModel(names, 'talos-test', { starter }).kind).toBe('test');
  });

  it('takes the built-in model where the starter is missing, too', () => {
    expect(chooseChatModel(installed('talos-test:latest'), 'mistral', { starter }).kind).toBe('test');
  });
});

it.each([
  ['talos-test', true],
  ['talos-test-embed:latest', true],
  ['talos-tester', false],
  ['talos-test:7b', false],
])('knows whether %s is built in', (name, expected) => {
  expect(isTestModel(name)).toBe(expected);
});

describe('a model', () => {
  it.each([
    'mistral:latest',
    'library/mistral',
    'registry.ollama.ai/library/mistral:latest',
    'https://registry.ollama.ai/library/mistral',
  ])('named %s in the settings is the one the server lists', (wanted) => {
    expect(chooseChatModel([{ name: 'mistral:latest', digest: 'd', sizeBytes: 1 }], wanted)).toEqual({
      kind: 'wanted',
      model: 'mistral',
    });
  });

  it.each([
    ['http://127.0.0.1:5000/library/tiny', '127.0.0.1:5000/library/tiny'],
    ['registry.ollama.ai/owner/tiny:1b', 'owner/tiny:1b'],
    ['registry.example/library/tiny', 'registry.example/library/tiny'],
    ['owner/tiny', 'owner/tiny'],
  ])('%s is called %s', (name, expected) => {
    expect(shortModelName(name)).toBe(expected);
  });
});
