import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { vi } from 'vitest';

import { createOllama } from '../../../adapters/ollama.ts';
import { parseConfig } from '../../../domain/config/parse.ts';
import { ollama as engine } from '../../../infra/engines/ollama.ts';
import { findProgram } from '../../../infra/run-command.ts';

/** A real Ollama of the test's own, which may be killed. */
export type OwnOllama = AsyncDisposable & {
  readonly url: string;
  /** Its folder of models. */
  readonly models: string;
  /** Kills the server and what it started, as a crash of the machine would. */
  kill(): Promise<void>;
  /** Starts it again, at the same address and with the same models, after it was killed. */
  restart(): Promise<void>;
  /** Kills only the processes that hold a model. */
  killRunners(): Promise<void>;
};

/** Starts `ollama serve` with an empty folder of models on a free port, in a process group of its own. */
export async function startOwnOllama(): Promise<OwnOllama> {
  const models = await mkdtemp(join(tmpdir(), 'talos-ollama-'));
  const host = `127.0.0.1:${await freePort()}`;
  const env = { ...process.env, OLLAMA_HOST: host, OLLAMA_MODELS: models, OLLAMA_NO_CLOUD: '1', HOME: models };
  const url = `http://${host}`;
  const ollama = createOllama({ url });
  const program = await findOllama();
  let child: ChildProcess | undefined;
  const kill = async () => child && killGroup(child);
  process.once('exit', () => void kill()); // also when the tests are interrupted
  const answers = () =>
    ollama.ping(AbortSignal.timeout(1000)).then(
      () => true,
      () => false,
    );
  const start = async () => {
    child = spawn(program, ['serve'], { env, stdio: 'ignore', detached: true });
    await once(child, 'spawn');
    await vi.waitUntil(answers, { timeout: 20_000, interval: 100 }); // also outside of a test
  };
  await start();
  return {
    url,
    models,
    kill,
    restart: start,
    killRunners: async () => {
      for (const runner of await childrenOf(child?.pid)) process.kill(runner, 'SIGKILL');
    },
    async [Symbol.asyncDispose]() {
      await kill();
      await rm(models, { recursive: true, force: true });
    },
  };
}

async function killGroup(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  process.kill(-child.pid, 'SIGKILL');
  await exited;
}

/** Linux lists children by the thread that started them. */
async function childrenOf(pid: number | undefined): Promise<number[]> {
  const threads = await readdir(`/proc/${pid}/task`);
  const lists = await Promise.all(threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/children`, 'utf8')));
  return lists.join(' ').split(' ').filter(Boolean).map(Number);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Where Talos finds it; else, as a developer may have it, any on the PATH. */
async function findOllama(): Promise<string> {
  const { HOME, TALOS_ENGINES_DIR } = process.env;
  const location = await engine.locate(parseConfig({ HOME, TALOS_ENGINES_DIR }));
  const program = 'program' in location ? location.program : await findProgram('ollama');
  if (program === undefined) throw new Error('there is no ollama to start; run `talos up` once');
  return program;
}
