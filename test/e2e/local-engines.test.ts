import { cp } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, describe, expect, it } from 'vitest';

import { testModelFiles } from '../support/embedded.ts';
import { createHome, isAlive, type TestHome } from '../support/home.ts';
import { startLlamaServer } from '../support/llama-server.ts';
import { childrenOf } from '../support/process-tree.ts';

const undo: (() => PromiseLike<unknown>)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).toReversed()) await step();
});

const greeting = 'Hello from the built-in test model.';

/** A Talos with these settings, started. */
async function up(settings: Record<string, string>): Promise<TestHome> {
  const home = await createHome(settings);
  undo.push(() => home.remove());
  await home.talos('up', '--detach');
  return home;
}

async function health(home: TestHome): Promise<{ status: string; engines: Record<string, { state: string }> }> {
  return (await (await fetch(`${home.url}/health`)).json()) as Awaited<ReturnType<typeof health>>;
}

async function names(home: TestHome): Promise<string[]> {
  return (await home.status()).children.map(({ name }) => name);
}

type Findings = { healthy: boolean; rows: { check: string; state: string; detail: string; fix?: string }[] };

async function doctor(home: TestHome): Promise<Findings> {
  return JSON.parse((await home.talos('doctor', '--json')).stdout) as Findings;
}

describe('a Talos that runs models itself', () => {
  async function files() {
    const models = await testModelFiles('talos-test', 'talos-test-embed');
    undo.push(() => models.remove());
    const [chat, embedder] = [join(models.folder, 'tiny.gguf'), join(models.folder, 'tiny-embed.gguf')];
    await cp(models.file('talos-test'), chat);
    await cp(models.file('talos-test-embed'), embedder);
    return { EMBEDDED_MODEL: chat, EMBEDDED_EMBEDDING_MODEL: embedder };
  }

  it('answers and remembers without Ollama, comes back after its child was killed, and leaves nothing behind', async () => {
    const home = await up({ LOCAL_ENGINE: 'embedded', ...(await files()) });
    expect(await names(home)).not.toContain('ollama');
    expect((await home.talos('chat', 'hello')).stdout).toContain(greeting);
    const reply = await home.chat('hello');
    expect(reply.body).toMatchObject({ state: 'answered', response: greeting, model: 'tiny' });
    expect(reply.body['notice']).toBeUndefined();
    await expect
      .poll(async () => (await home.chat('hello')).body, { timeout: 30_000 })
      .toMatchObject({ memory: { state: 'used' } });

    const { status, engines } = await health(home);
    expect(status).toBe('ok');
    expect(engines).toMatchObject({ embedded: { state: 'ok' } });
    expect(engines).not.toHaveProperty('ollama');
    const { rows } = await doctor(home);
    expect(rows).toContainEqual({ check: 'chat model', state: 'ok', detail: 'tiny' });
    expect(rows.map(({ check }) => check).join()).not.toContain('ollama');

    const ours = (await home.status()).children.filter(({ name }) => name === 'api' || name === 'worker');
    const holders = ours.flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
    const models = () => holders.flatMap((pid) => childrenOf(pid, 'embedded/child-process'));
    const first = models();
    expect(first.length).toBeGreaterThan(1);
    for (const pid of first) process.kill(pid, 'SIGKILL');
    expect((await home.chat('hello')).body).toMatchObject({ state: 'answered', response: greeting });
    const successors = models();
    expect(successors.length).toBeGreaterThan(0);
    for (const pid of holders) process.kill(pid, 'SIGKILL');
    await expect.poll(() => successors.filter(isAlive), { timeout: 5000 }).toEqual([]);
  });

  it('does not start without its file, and says what to set', async () => {
    const settings = await files();
    const home = await createHome({ LOCAL_ENGINE: 'embedded', ...settings, EMBEDDED_MODEL: '/no/such.gguf' });
    undo.push(() => home.remove());
    await expect(home.talos('up', '--detach')).rejects.toMatchObject({
      stderr: expect.stringMatching(/EMBEDDED_MODEL.*\/no\/such/),
    });
  });
});

describe('a Talos over a server that speaks as OpenAI does', () => {
  it('answers without Ollama by the one model the server has, and says what is missing', async () => {
    const server = await startLlamaServer('talos-test', { alias: 'tiny' });
    undo.push(async () => server[Symbol.asyncDispose]());
    const home = await up({ LOCAL_ENGINE: 'openai', OPENAI_BASE_URL: server.url });
    expect(await names(home)).not.toContain('ollama');
    expect((await home.talos('chat', 'hello')).stdout).toContain(greeting);
    expect((await home.chat('hello')).body).toMatchObject({ state: 'answered', response: greeting, model: 'tiny' });
    expect((await health(home)).engines).toMatchObject({ openai: { state: 'ok' } });
    const { rows } = await doctor(home);
    expect(rows).toContainEqual({ check: 'chat model', state: 'ok', detail: 'tiny' });
    expect(rows).toContainEqual(expect.objectContaining({ check: 'embedding model', state: 'warning' }));
  });

  it('names the models of the server when the configured one is not among them', async () => {
    const server = await startLlamaServer('talos-test', { alias: 'tiny' });
    undo.push(async () => server[Symbol.asyncDispose]());
    const home = await up({ LOCAL_ENGINE: 'openai', OPENAI_BASE_URL: server.url, QWEN_CODER_MODEL: 'huge' });
    const { status, body } = await home.chat('hello');
    expect(status).toBe(503);
    expect(JSON.stringify(body)).toMatch(/MODEL_MISSING.*tiny.*QWEN_CODER_MODEL|tiny.*QWEN_CODER_MODEL.*MODEL_MISSING/);
  });

  it('does not start without an address, and says what to set', async () => {
    const home = await createHome({ LOCAL_ENGINE: 'openai' });
    undo.push(() => home.remove());
    await expect(home.talos('up', '--detach')).rejects.toMatchObject({
      stderr: expect.stringContaining('OPENAI_BASE_URL=http'),
    });
  });
});
