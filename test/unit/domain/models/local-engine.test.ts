import { describe, expect, it } from 'vitest';

import { parseConfig } from '../../../../domain/config/parse.ts';
import { chooseChatModel, onlyListed } from '../../../../domain/models/choose.ts';
import { localEngine, modelHost, modelNameOf, wantedModels } from '../../../../domain/models/local-engine.ts';

function config(settings: Record<string, string>) {
  return parseConfig({ HOME: '/home/o', TALOS_HOME: '/home/o/talos', ...settings });
}

describe('the engine that runs local models', () => {
  it('is Ollama unless the owner says otherwise', () => {
    expect(localEngine(config({ OLLAMA_URL: 'http://there:1' }))).toEqual({ kind: 'ollama', url: 'http://there:1' });
  });

  it.each([
    ['openai', 'OPENAI_BASE_URL'],
    ['embedded', 'EMBEDDED_MODEL'],
  ])('%s needs %s', (engine, field) => {
    expect(() => localEngine(config({ LOCAL_ENGINE: engine }))).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining(`${field}=`),
        details: { field },
      }),
    );
  });

  it('is a server with its key, or files with the library from the cache of engines', () => {
    const server = { LOCAL_ENGINE: 'openai', OPENAI_BASE_URL: 'http://there:1/v1/', OPENAI_API_KEY: 'k' };
    expect(localEngine(config(server))).toEqual({ kind: 'openai', url: 'http://there:1/v1', key: 'k' });
    const files = { LOCAL_ENGINE: 'embedded', EMBEDDED_MODEL: '~/m.gguf', TALOS_ENGINES_DIR: '/cache' };
    expect(localEngine(config(files))).toEqual({
      kind: 'embedded',
      chatFile: '/home/o/m.gguf',
      program: expect.stringMatching(/^\/cache\/node-llama-cpp\/[\d.]+\/.*index\.js$/),
    });
  });
});

describe('where texts for the models travel to', () => {
  it('is the host of the chosen engine, and nowhere while that is this machine', () => {
    const server = { LOCAL_ENGINE: 'openai', OPENAI_BASE_URL: 'https://models.example/v1' };
    expect(modelHost(config(server))).toBe('models.example');
    const file = { LOCAL_ENGINE: 'embedded', EMBEDDED_MODEL: '/m.gguf', OLLAMA_URL: 'http://ollama.example' };
    expect(modelHost(config(file))).toBeUndefined();
    expect(modelHost(config({}))).toBeUndefined();
    const container = { OLLAMA_URL: 'http://ollama:11434', OWN_HOSTS: 'other, Ollama' };
    expect(modelHost(config(container))).toBeUndefined();
    expect(modelHost(config({ ...container, OWN_HOSTS: 'olla' }))).toBe('ollama');
  });
});

describe('the wanted models', () => {
  it('are those of the settings, or called after their files', () => {
    expect(wantedModels(config({}))).toMatchObject({ chat: 'qwen2.5-coder:7b', embedding: 'nomic-embed-text' });
    const files = { EMBEDDED_MODEL: '/m/Tiny.GGUF', EMBEDDED_EMBEDDING_MODEL: '/m/e.v2.gguf' };
    expect(wantedModels(config({ LOCAL_ENGINE: 'embedded', ...files }))).toMatchObject({
      chat: 'Tiny',
      embedding: 'e.v2',
    });
    expect(modelNameOf('plain')).toBe('plain');
  });

  it('of a server are whichever it has while the owner names none', () => {
    const server = { LOCAL_ENGINE: 'openai', OPENAI_BASE_URL: 'http://there:1/v1' };
    expect(wantedModels(config(server))).toMatchObject({ chat: onlyListed, vision: onlyListed });
    const named = config({ ...server, QWEN_CODER_MODEL: 'mine', QWEN_VL_MODEL: 'eyes' });
    expect(wantedModels(named)).toMatchObject({ chat: 'mine', vision: 'eyes' });
  });

  it('of a server are found when it has a single one, and not guessed among several', () => {
    const installed = ['one:latest', 'two:latest'].map((name) => ({ name, digest: name, sizeBytes: 1 }));
    expect(chooseChatModel(installed.slice(0, 1), onlyListed)).toEqual({ kind: 'wanted', model: 'one' });
    expect(chooseChatModel(installed, onlyListed)).toMatchObject({ kind: 'none' });
    expect(chooseChatModel([], onlyListed)).toMatchObject({ kind: 'none' });
  });
});
