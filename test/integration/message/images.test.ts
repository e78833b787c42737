import { afterEach, describe, expect, inject, it } from 'vitest';

import { createMemoryLanguageModel } from '../../../adapters/memory/language-model.ts';
import { createOllama } from '../../../adapters/ollama.ts';
import { ensureTestModels } from '../../../adapters/test-model/ensure.ts';
import type { ImageRef, MessageRef } from '../../../domain/chat.ts';
import { onlyListed } from '../../../domain/models/choose.ts';
import type { ModelRequest } from '../../../domain/models/model.ts';
import type { LanguageModel } from '../../../domain/ports.ts';
import { createModelTwins } from '../../support/model-twins.ts';
import { makePng } from '../../support/pictures.ts';
import { startTalos, type TestPorts } from '../../support/talos.ts';
import { startFakeOllama } from '../ollama/fake-ollama.ts';

const png = makePng();
/** An engine that takes models as they are. */
function withoutStore({ store: _none, ...ports }: ReturnType<typeof createModelTwins>) {
  return ports;
}

const base64 = png.toString('base64');

describe('a message with images', () => {
  let talos: Awaited<ReturnType<typeof startTalos>>;
  afterEach(() => talos.close());

  let modelPorts = createModelTwins();
  async function start(model: LanguageModel, visionModel = 'seeing', pulls = true) {
    modelPorts = createModelTwins();
    talos = await startTalos(inject('stack'), {
      models: { visionModel },
      modelPorts: pulls ? modelPorts : withoutStore(modelPorts),
      wrap: (ports: TestPorts) => ({ ...ports, model }),
    });
    await Promise.all([talos.serve('core'), talos.serve('gpu')]);
  }

  /** Sends a message with pictures as the API does, and waits for its end. */
  async function say(
    text: string,
    { conversation = 'c', images }: { conversation?: string; images?: ImageRef[] } = {},
  ) {
    const ref: MessageRef = { conversation, key: `k${(keys += 1)}` };
    const message = { ...ref, text, createdAt: Date.now(), ...(images && { options: { images } }) };
    await talos.ports.conversations.accept(message);
    await talos.ports.runtime.startMessage({ ...ref, summary: text });
    return talos.settled(ref);
  }
  let keys = 0;
  const put = () => talos.ports.images.put({ type: 'image/png', bytes: png });

  it('is answered by the vision model, which sees its images and no others', async () => {
    const requests: ModelRequest[] = [];
    const twin = createMemoryLanguageModel({ models: ['talos-test', 'seeing'], seeing: ['seeing'] });
    await start({
      ...twin,
      chat(request, signal) {
        requests.push(request);
        return twin.chat(request, signal);
      },
    });
    const ref = await put();
    expect(await say('what is this?', { images: [ref, ref] })).toMatchObject({ state: 'answered', model: 'seeing' });
    expect(await say('and now?')).toMatchObject({ state: 'answered', model: 'talos-test' });
    const [first, second] = requests;
    const image = { type: 'image/png', base64 };
    expect(first?.messages.filter(({ role }) => role === 'user')).toEqual([
      { role: 'user', content: 'what is this?', images: [image, image] },
    ]);
    expect(second?.messages.filter(({ role }) => role === 'user')).toEqual([
      { role: 'user', content: 'what is this?\n[image]\n[image]' },
      { role: 'user', content: 'and now?' },
    ]);
  });

  it('is answered by the vision model the owner has chosen in place of the configured one', async () => {
    await start(createMemoryLanguageModel({ models: ['talos-test', 'other'], seeing: ['other'] }));
    await modelPorts.choices.set('vision', 'other:latest');
    expect(await say('what is this?', { images: [await put()] })).toMatchObject({ state: 'answered', model: 'other' });
  });

  it('is never taken for a wish for a skill, which nobody would show its images', async () => {
    await start(createMemoryLanguageModel({ models: ['talos-test', 'seeing'], seeing: ['seeing'] }));
    const record = await say('Make a skill that shouts a text', { images: [await put()] });
    expect(record).toMatchObject({ state: 'answered', model: 'seeing' });
  });

  it.each([
    ['is not installed', ['talos-test'], /seeing, is not installed; run: talos models pull seeing/],
    ['cannot see', ['talos-test', 'seeing'], /seeing cannot see images; name one that can in QWEN_VL_MODEL/],
  ])('is refused when the vision model %s, and asked of nobody', async (_, models, message) => {
    const twin = createMemoryLanguageModel({ models });
    let chats = 0;
    await start({ ...twin, chat: (request, signal) => ((chats += 1), twin.chat(request, signal)) });
    expect(await say('what is this?', { images: [await put()] })).toMatchObject({
      state: 'failed',
      error: { code: 'VISION_MISSING', message: expect.stringMatching(message) },
    });
    expect(chats).toBe(0);
  });

  it('is answered by the only model of a server, whatever it is called', async () => {
    await start(createMemoryLanguageModel({ models: ['mine'], seeing: ['mine'] }), onlyListed, false);
    expect(await say('what is this?', { images: [await put()] })).toMatchObject({ state: 'answered', model: 'mine' });
  });

  it('is refused with what to set where the engine brings no models', async () => {
    await start(createMemoryLanguageModel({ models: ['talos-test', 'seeing'] }), onlyListed, false);
    const { error } = await say('what is this?', { images: [await put()] });
    expect(error).toMatchObject({ code: 'VISION_MISSING', message: expect.stringMatching(/set QWEN_VL_MODEL/) });
    expect(error?.message).not.toContain('models pull');
  });

  it('is refused by the real server when its model has no eyes', async () => {
    const url = inject('stack').ollama;
    await ensureTestModels({ url, signal: AbortSignal.timeout(60_000) });
    await start(createOllama({ url }), 'talos-test-think');
    expect(await say('what is this?', { images: [await put()] })).toMatchObject({
      state: 'failed',
      error: { code: 'VISION_MISSING' },
    });
  });

  it('says so when an image is no longer kept', async () => {
    await start(createMemoryLanguageModel({ models: ['talos-test', 'seeing'], seeing: ['seeing'] }));
    const gone = { hash: '0'.repeat(64), type: 'image/png', bytes: 7 } as const;
    expect(await say('what is this?', { images: [gone] })).toMatchObject({
      state: 'failed',
      error: { code: 'NOT_FOUND', message: expect.stringContaining('no longer kept') },
    });
  });

  it('goes to Ollama as it takes images', async () => {
    await using ollama = await startFakeOllama({
      models: { 'talos-test:latest': ['completion', 'tools'], 'seeing:latest': ['completion', 'vision'] },
    });
    await start(createOllama({ url: ollama.url }));
    expect(await say('what is this?', { images: [await put()] })).toMatchObject({ reply: 'Hello from seeing' });
    const chat = ollama.asked.find(({ path }) => path === '/api/chat');
    expect(chat).toMatchObject({ model: 'seeing', stream: true });
    expect(chat?.messages?.at(-1)).toEqual({ role: 'user', content: 'what is this?', images: [base64] });
    expect(chat?.tools).toBeUndefined();
  });
});
