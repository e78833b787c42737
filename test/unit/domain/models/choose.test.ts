import { describe, expect, it } from 'vitest';

import {
  chooseChatModel,
  chooseEmbedder,
  isTestModel,
  pullCommand,
  shortModelName,
} from '../../../../domain/models/choose.ts';

const address = 'http://127.0.0.1:11434';
const installed = (...names: string[]) => names.map((name) => ({ name, digest: 'd', sizeBytes: 1 }));

describe('choosing the chat model', () => {
  it.each([
    ['qwen2.5-coder:7b', ['qwen2.5-coder:7b', 'talos-test:latest'], 'qwen2.5-coder:7b'],
    ['mistral', ['mistral:latest'], 'mistral'],
    ['mistral:latest', ['mistral:latest'], 'mistral'],
  ])('takes %s when it is installed', (wanted, names, model) => {
    expect(chooseChatModel(installed(...names), wanted, address)).toEqual({ kind: 'wanted', model });
  });

  it('takes the built-in model in place of a missing one, and the notice says so and what to type', () => {
    const choice = chooseChatModel(installed('talos-test:latest', 'mistral:7b'), 'mistral', address);
    expect(choice).toEqual({
      kind: 'test',
      model: 'talos-test',
      notice:
        'The built-in test model answered (model: talos-test); it can only say a few fixed sentences. ' +
        'For a real model run: OLLAMA_HOST=http://127.0.0.1:11434 ollama pull mistral',
    });
  });

  it('does not take another tag for the wanted one', () => {
    expect(chooseChatModel(installed('qwen2.5-coder:1.5b'), 'qwen2.5-coder:7b', address).kind).toBe('none');
  });

  it('says that nothing can answer yet, and which model will', () => {
    const choice = chooseChatModel([], 'qwen2.5-coder:7b', address);
    expect(choice).toMatchObject({ kind: 'none', model: 'talos-test', notice: expect.stringContaining('ollama pull') });
  });

  it.each(['talos-test', 'talos-test:latest', 'talos-test-think'])(
    'labels %s also when it is the wanted one',
    (wanted) => {
      const choice = chooseChatModel(installed('talos-test:latest', 'talos-test-think:latest'), wanted, address);
      expect(choice).toMatchObject({ kind: 'test', model: shortModelName(wanted) });
      expect(choice.kind === 'test' && choice.notice).toContain('ollama pull qwen2.5-coder:7b');
    },
  );
});

describe('choosing the embedder', () => {
  it('takes the wanted one, by one name whatever its tag says', () => {
    const wanted = { kind: 'wanted', model: 'nomic-embed-text' };
    const names = installed('nomic-embed-text:latest');
    expect(chooseEmbedder(names, 'nomic-embed-text', address)).toEqual(wanted);
    expect(chooseEmbedder(names, 'nomic-embed-text:latest', address)).toEqual(wanted);
  });

  it('takes the built-in embedder, never the chat model, in its place', () => {
    const choice = chooseEmbedder(
      installed('talos-test:latest', 'talos-test-embed:latest'),
      'nomic-embed-text',
      address,
    );
    expect(choice).toMatchObject({ kind: 'test', model: 'talos-test-embed' });
    expect(chooseEmbedder(installed('talos-test:latest'), 'nomic-embed-text', address)).toMatchObject({ kind: 'none' });
  });
});

describe('the command that gets a model', () => {
  it('shows no password of the address', () => {
    const command = pullCommand('mistral', 'https://owner:s3cret@models.example:8443/ollama');
    expect(command).toBe('OLLAMA_HOST=https://models.example:8443/ollama ollama pull mistral');
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
