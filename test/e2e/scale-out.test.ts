import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import { genesis } from '../../infra/genesis.ts';
import { startTestEngines } from '../support/engines.ts';
import { createHome, type TestHome } from '../support/home.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

describe('API and two workers as separate processes against one Temporal server', () => {
  let engines: Awaited<ReturnType<typeof startTestEngines>>;
  let home: TestHome;
  const processes: ChildProcess[] = [];

  beforeAll(async () => {
    engines = await startTestEngines();
    const { stack } = engines;
    home = await createHome({
      TEMPORAL_ADDRESS: stack.temporal,
      REDIS_URL: stack.redis,
      CHROMA_URL: stack.chroma,
      OLLAMA_URL: stack.ollama,
      TEMPORAL_TASK_QUEUE: 'talos-scale-out',
      TALOS_API_CORE_WORKER: 'false',
    });
    genesis(home.env);
    start('api/main.ts', {});
    start('workers/main.ts', { TALOS_WORKER_ROLES: 'core,gpu' });
    start('workers/main.ts', { TALOS_WORKER_ROLES: 'core,gpu' });
    await vi.waitFor(async () => expect((await fetch(`${home.url}/health`)).status).toBe(200), {
      timeout: 60_000,
      interval: 200,
    });
  });
  afterAll(async () => {
    for (const child of processes) child.kill('SIGTERM');
    await Promise.all(
      processes
        .filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)
        .map((child) => once(child, 'exit')),
    );
    await home.remove();
    await engines.stop();
  });

  function start(program: string, settings: Record<string, string>): void {
    processes.push(
      spawn(process.execPath, [`${root}/${program}`], { env: { ...home.env, ...settings }, stdio: 'inherit' }),
    );
  }

  it('answers messages with nothing but configuration, also after one of the workers is killed', async () => {
    const first = await Promise.all(Array.from({ length: 8 }, () => home.chat('hello')));
    expect(first.map(({ status }) => status)).toEqual(first.map(() => 200));
    processes[1]?.kill('SIGKILL');
    const second = await Promise.all(Array.from({ length: 8 }, () => home.chat('hello')));
    expect(second.map(({ status }) => status)).toEqual(second.map(() => 200));
  });
});
