import { writeFile } from 'node:fs/promises';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createHome, isAlive, type TestHome } from '../support/home.ts';
import { makePng } from '../support/pictures.ts';

describe('one GPU, and images', () => {
  let home: TestHome;
  beforeAll(async () => {
    home = await createHome();
    await home.talos('up', '--detach');
  });
  afterAll(() => home.remove());

  /** What `GET /metrics` says of the GPU. */
  async function vram(): Promise<Record<string, unknown>> {
    const response = await fetch(`${home.url}/metrics`, { headers: { authorization: await home.authorization() } });
    return ((await response.json()) as { vram: Record<string, unknown> }).vram;
  }

  it('tells what the GPU does, and for whom', async () => {
    await home.chat('hello');
    await expect.poll(vram, { timeout: 5000 }).toMatchObject({
      state: 'ready',
      loaded_model: 'talos-test:latest',
      holder: null,
      waiting: 0,
      workers: 1,
    });
    const long = home.chat('go on forever', { conversation: 'long', key: 'one' });
    await expect.poll(vram, { timeout: 10_000 }).toMatchObject({ state: 'ready', holder: 'long.one' });
    await long;
    await expect.poll(vram, { timeout: 5000 }).toMatchObject({ holder: null });
  });

  it('refuses an image while no model can see, with what to do; a picture that is none is not even sent', async () => {
    const file = `${home.dir}/tmp/square.png`;
    await writeFile(file, makePng());
    const refused = await home.talos('chat', '--image', file, 'what is this?').catch((error: unknown) => error);
    expect(refused).toMatchObject({
      code: 69,
      stderr: expect.stringMatching(/is not installed; run: talos models pull/),
    });
    await writeFile(file, 'hello');
    const none = await home.talos('chat', '--image', file, 'what is this?').catch((error: unknown) => error);
    expect(none).toMatchObject({ code: 64, stderr: expect.stringMatching(/square.png: it is no PNG, JPEG or WebP/) });
    expect(await home.chat('hello')).toMatchObject({ status: 200 });
  });

  it('answers again after Ollama was killed with the model in memory', async () => {
    const { children } = await home.status();
    const pid = children.find(({ name }) => name === 'ollama')?.pid ?? 0;
    process.kill(pid, 'SIGKILL');
    await expect.poll(() => isAlive(pid), { timeout: 5000 }).toBe(false);
    expect(await home.chat('hello')).toMatchObject({
      status: 200,
      body: { response: 'Hello from the built-in test model.' },
    });
    await expect.poll(vram, { timeout: 5000 }).toMatchObject({ state: 'ready', holder: null });
  });
});
