import { randomBytes } from 'node:crypto';

import { buildScriptedChat } from '../../adapters/test-model/scripted-chat.ts';

/** A small chat model that no other test has, made so large that it takes a while to come. */
export function modelFile(bytes = 4_000_000): Buffer {
  const model = buildScriptedChat({ name: `test-${randomBytes(4).toString('hex')}`, thinking: false });
  return Buffer.concat([model, randomBytes(Math.max(0, bytes - model.length))]);
}
