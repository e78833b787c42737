import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { buildTestModel } from '../../adapters/test-model/ensure.ts';
import { parseConfig } from '../../domain/config/parse.ts';
import type { TestModelName } from '../../domain/models/choose.ts';
import { ollama } from '../../infra/engines/ollama.ts';

/** A llama.cpp server with one built-in test model. */
export type LlamaServer = AsyncDisposable & {
  /** With its `/v1`. */
  readonly url: string;
  /** How many requests it works on now. */
  busySlots(): Promise<number>;
};

/** Starts the llama-server that came with Ollama; `flags` go to its command line. */
export async function startLlamaServer(
  model: TestModelName,
  { alias = model, flags = [] }: { alias?: string; flags?: readonly string[] } = {},
): Promise<LlamaServer> {
  const folder = await mkdtemp(join(tmpdir(), 'talos-llama-'));
  const file = join(folder, `${model}.gguf`);
  await writeFile(file, buildTestModel(model));
  const port = await freePort();
  const options = {
    '--model': file,
    '--alias': alias,
    '--host': '127.0.0.1',
    '--port': String(port),
    '--threads': '1',
  };
  // one answer at a time with the whole window each, as far as the test is not about more
  const usual = ['--no-ui', '--offline', '--ctx-size', '65536', '--parallel', '1'];
  const args = [...Object.entries(options).flat(), ...usual, ...flags];
  const child = spawn(await llamaServer(), args, { stdio: 'ignore', detached: true });
  const url = `http://127.0.0.1:${port}`;
  await untilReady(url, () => child.exitCode === null);
  return {
    url: `${url}/v1`,
    async busySlots() {
      const slots = (await (await fetch(`${url}/slots`)).json()) as { is_processing: boolean }[];
      return slots.filter(({ is_processing }) => is_processing).length;
    },
    async [Symbol.asyncDispose]() {
      const ended = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
      if (child.pid !== undefined && ended !== undefined) process.kill(-child.pid, 'SIGKILL');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function llamaServer(): Promise<string> {
  const { HOME, TALOS_ENGINES_DIR } = process.env;
  const config = parseConfig({ HOME, TALOS_ENGINES_DIR });
  const location = await ollama.locate(config);
  if (!('program' in location)) throw new Error('there is no Ollama to take llama-server from');
  const beside = dirname(location.program);
  const places = [join(beside, '../lib/ollama/llama-server'), join(beside, 'lib/ollama/llama-server')];
  const found = places.find((place) => existsSync(place));
  if (found === undefined) throw new Error(`no llama-server in ${places.join(' or ')}`);
  return found;
}

async function untilReady(url: string, isAlive: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 600 && isAlive(); attempt += 1) {
    const response = await fetch(`${url}/health`).catch(() => undefined); // it does not listen yet
    if (response?.ok === true) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('llama-server did not start');
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
