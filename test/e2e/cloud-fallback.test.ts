import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type OwnOllama, startOwnOllama } from '../integration/ollama/own-ollama.ts';
import { type FakeGemini, startFakeGemini } from '../support/fake-gemini.ts';
import { createHome, type TestHome } from '../support/home.ts';

const key = 'AIza-a-key-of-a-test';

describe('a machine whose Ollama goes away', () => {
  let ollama: OwnOllama;
  let gemini: FakeGemini;
  let home: TestHome;

  beforeAll(async () => {
    [ollama, gemini] = await Promise.all([startOwnOllama(), startFakeGemini({ key })]);
    home = await createHome({
      OLLAMA_URL: ollama.url,
      GEMINI_API_KEY: key,
      GEMINI_BASE_URL: gemini.url,
      CHAT_WAIT_SECONDS: '60',
    });
    await home.talos('up', '--detach');
  }, 180_000);
  afterAll(async () => {
    await home.remove();
    await ollama[Symbol.asyncDispose]();
    await gemini[Symbol.asyncDispose]();
  }, 60_000);

  const json = async (...words: string[]) =>
    JSON.parse((await home.talos('chat', '--json', ...words)).stdout) as Record<string, unknown>;
  const answers = () =>
    gemini.requests.filter(({ path }) => path.includes('generateContent') || path.includes(':stream'));
  const audited = async (type: string) =>
    (await home.talos('audit', 'export', '--csv')).stdout.split('\n').filter((line) => line.includes(`,${type},`));
  const restart = async (settings: Record<string, string>) => {
    await home.talos('down');
    Object.assign(home.env, settings);
    await home.talos('up', '--detach');
  };

  it('answers here as long as Ollama does, and sends nothing', async () => {
    expect(await json('hello')).toMatchObject({
      state: 'answered',
      route: 'local',
      routeReason: 'local-first',
      model: 'talos-test',
      usage: { outputTokens: expect.any(Number) },
      modelMs: expect.any(Number),
      context: { message: expect.any(Number) },
    });
    expect(answers()).toEqual([]);
  }, 60_000);

  it('has the cloud stand in within seconds, says so, and keeps on record what left', async () => {
    await ollama.kill();
    const reply = await json('--new', 'how are you');
    expect(reply).toMatchObject({ state: 'answered', route: 'cloud', routeReason: 'local-unavailable' });
    expect(reply['notice']).toMatch(
      /Gemini answered because the local model could not be reached; what left: this message/,
    );
    expect(answers()).toHaveLength(1);
    // At the start the cloud is asked whether it has the model; that is on record, too.
    const [entry, ...more] = (await audited('cloud-called')).filter((line) => line.includes('local-unavailable'));
    expect(more).toEqual([]);
    expect(entry).toContain(new URL(gemini.url).hostname);
    expect(entry).toContain('system-prompt message');
    expect(entry).toMatch(/bytes/);
    expect(entry).not.toContain('how are you');
    await home.talos('audit', 'verify');
  }, 60_000);

  it('leaves alone what was to be answered here: an error with the fix, and nothing sent', async () => {
    const sent = answers().length;
    await expect(home.talos('chat', '--local', 'hello')).rejects.toMatchObject({ code: 69 });
    expect(answers()).toHaveLength(sent);
  }, 120_000);

  it('gives one answer when the process that streams it is killed', async () => {
    const slow = { kind: 'text', pieces: ['one ', 'two ', 'three'], pauseMs: 700 } as const;
    gemini.always(slow);
    const before = answers().length;
    const reply = home.start('chat', '--json', '--cloud', '--new', 'tell me');
    let text = '';
    reply.stdout.on('data', (piece: Buffer) => (text += piece.toString()));
    await expect.poll(() => answers().length, { timeout: 20_000 }).toBe(before + 1);
    const api = (await home.status()).children.find(({ name }) => name === 'api');
    process.kill(api?.pid ?? 0, 'SIGKILL');
    await new Promise((resolve) => reply.once('exit', resolve));
    gemini.always(undefined);
    expect(JSON.parse(text)).toMatchObject({ state: 'answered', response: 'one two three', route: 'cloud' });
    expect(answers().length).toBeGreaterThan(before + 1);
  }, 120_000);

  it('answers here again once Ollama is back', async () => {
    await ollama.restart();
    const sent = answers().length;
    expect(await json('--new', 'hello')).toMatchObject({ route: 'local', model: 'talos-test' });
    expect(answers()).toHaveLength(sent);
  }, 60_000);

  it('asks the owner first with CLOUD_FALLBACK=ask, and goes with a code', async () => {
    await restart({ CLOUD_FALLBACK: 'ask' });
    const sent = answers().length;
    const reply = home.start('chat', '--json', '--cloud', '--new', 'may I');
    let text = '';
    reply.stdout.on('data', (piece: Buffer) => (text += piece.toString()));
    const waiting = async () =>
      JSON.parse((await home.talos('approvals', 'ls', '--json')).stdout) as { message: string; host: string }[];
    await expect.poll(waiting, { timeout: 20_000 }).toHaveLength(1);
    const [{ message } = { message: '' }] = await waiting();
    expect((await home.talos('approvals', 'ls')).stdout).toContain('would send this message and the system prompt');
    expect(answers()).toHaveLength(sent);
    await home.talos('approvals', 'approve', message, 'cloud');
    const code = /\b(\d{4})\b/.exec((await home.talos('codes')).stdout)?.[1] ?? '';
    await home.talos('approvals', 'approve', message, 'cloud', '--code', code);
    await new Promise((resolve) => reply.once('exit', resolve));
    expect(JSON.parse(text)).toMatchObject({ route: 'cloud', routeReason: 'owner-allowed' });
    expect(answers()).toHaveLength(sent + 1);
  }, 120_000);

  it('sends nothing with CLOUD_FALLBACK=never: 503 with the fix', async () => {
    const sent = gemini.requests.length;
    await restart({ CLOUD_FALLBACK: 'never' });
    await ollama.kill();
    const { status, body } = await home.chat('hello');
    expect({ status, code: body['code'] }).toEqual({ status: 503, code: 'MODEL_UNAVAILABLE' });
    expect(body['detail']).toContain('CLOUD_FALLBACK=auto');
    expect(gemini.requests).toHaveLength(sent); // not even whether it has the model
  }, 180_000);
});
