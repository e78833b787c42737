import { afterAll, beforeAll } from 'vitest';

import { createEmbedded } from '../../adapters/embedded/embedded.ts';
import { embeddedProgram, testModelFiles } from '../support/embedded.ts';
import { describeEmbedder } from './embedder-suite.ts';
import { collect, describeLanguageModel, saying } from './language-model-suite.ts';

type Engines = {
  readonly chat: ReturnType<typeof createEmbedded>;
  readonly thinking: ReturnType<typeof createEmbedded>;
};
let engines: Engines | undefined;
let remove = () => Promise.resolve();

beforeAll(async () => {
  const program = await embeddedProgram();
  const files = await testModelFiles('talos-test', 'talos-test-think', 'talos-test-embed');
  remove = files.remove;
  const embedderFile = files.file('talos-test-embed');
  engines = {
    chat: createEmbedded({ program, chatFile: files.file('talos-test'), embedderFile }),
    thinking: createEmbedded({ program, chatFile: files.file('talos-test-think') }),
  };
}, 600_000);
afterAll(async () => {
  engines?.chat.close();
  engines?.thinking.close();
  await remove();
});

function started(): Engines {
  if (engines === undefined) throw new Error('not started');
  return engines;
}

describeLanguageModel('language model inside Talos', async () => ({
  model: started().chat,
  thinking: started().thinking,
  ownModel: 'talos-test',
  lacks: ['integer-bounds'],
  // it works on one answer at a time, so another one comes only when it is free
  untilFree: async () => void (await collect(started().chat.chat(saying('hello'), AbortSignal.timeout(1000)))),
}));

describeEmbedder('embedder inside Talos', async () => started().chat);
