import { randomBytes } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';

import { createOllama } from '../../../adapters/ollama.ts';
import { buildScriptedChat } from '../../../adapters/test-model/scripted-chat.ts';
import { collect, saying, textOf } from '../../contract/language-model-suite.ts';
import { createModel, deleteModel } from './model-files.ts';

const signal = AbortSignal.timeout(55_000);
const url = inject('stack').ollama;
const name = `limited-${randomBytes(6).toString('hex')}`;

/** The test model with a template that knows no tools, under other words of the same length. */
function withoutTools(): Buffer {
  const file = buildScriptedChat({ name, thinking: false }).toString('latin1');
  return Buffer.from(file.replaceAll('tool', 'post'), 'latin1');
}

describe('a model with limits in a real Ollama', () => {
  beforeAll(() => createModel(url, name, withoutTools()));
  afterAll(() => deleteModel(url, name));

  it('answers without tools when it cannot call any', async () => {
    const ollama = createOllama({ url });
    expect(await ollama.capabilities(name)).toMatchObject({ tools: false });
    const look = { name: 'look', description: 'Looks', parameters: { type: 'object', properties: {} } };
    const events = await collect(ollama.chat(saying('hello', { model: name, tools: [look], think: true }), signal));
    expect(textOf(events)).toBe('Hello from the built-in test model.');
  });

  it('refuses what is longer than its window and never drops earlier messages without a word', async () => {
    const messages = [
      { role: 'user', content: ' small'.repeat(1000) },
      { role: 'assistant', content: 'Yes.' },
      { role: 'user', content: 'hello' },
    ] as const;
    const tooLong = saying('', { model: name, messages, contextTokens: 512 });
    await expect(collect(createOllama({ url }).chat(tooLong, signal))).rejects.toMatchObject({
      code: 'MODEL_REFUSED',
      details: { reason: 'context-overflow' },
    });
  });
});
