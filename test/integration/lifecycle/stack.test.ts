import { once } from 'node:events';
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

import { afterEach, describe, expect, it, vi } from 'vitest';

import { findInstance } from '../../../infra/instance.ts';
import { startStack } from '../../../infra/stack.ts';
import type { Stack } from '../../../infra/stack.ts';
import type { EngineSource } from '../../../infra/stack-context.ts';
import { freePortBlock } from '../../support/port-block.ts';
import { scratchFolder } from '../../support/scratch-folder.ts';
import { isRunning, patience } from './fake-child.ts';
import { fakeEngines, fakeProgram, recordReport } from './fake-stack.ts';

const ended: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(ended.splice(0).map((stop) => stop()));
});

function freshHome(): string {
  return join(scratchFolder(), 'home');
}

const coreEngines = () => fakeEngines({ name: 'temporal' }, { name: 'redis' }, { name: 'chroma' });

type Start = {
  home?: string;
  engines?: EngineSource;
  root?: string;
  environment?: Record<string, string>;
  signal?: AbortSignal;
};

async function start(options: Start = {}) {
  const home = options.home ?? freshHome();
  const report = recordReport();
  const environment = {
    PATH: process.env['PATH'],
    TALOS_HOME: home,
    TALOS_PORT_BASE: String(await freePortBlock()),
    ...options.environment,
  };
  const starting = startStack({
    environment,
    root: options.root ?? fakeProgram(),
    engines: options.engines ?? coreEngines(),
    report,
    signal: options.signal ?? new AbortController().signal,
  });
  const track = (stack: Stack): Stack => {
    ended.push(() => stack.stop());
    return stack;
  };
  return { home, report, environment, starting: starting.then(track) };
}

async function waitStarted(options: Start = {}) {
  const { starting, ...rest } = await start(options);
  return { ...rest, stack: await starting };
}

describe('a start', () => {
  it('brings engines, API and worker up in an empty home and stops them all again', async () => {
    const { home, stack, report } = await waitStarted();
    const record = findInstance(join(home, 'run/supervisor.json'));
    expect(record).toMatchObject({ phase: 'ready', pid: process.pid });
    expect(record?.children.map(({ name, state }) => `${name} ${state}`).toSorted()).toEqual([
      'api ready',
      'chroma ready',
      'redis ready',
      'temporal ready',
      'worker ready',
    ]);
    expect(report.steps).toContain('redis ready (1.0.0)');
    const pids = record?.children.map((child) => child.pid ?? 0) ?? [];
    await stack.stop();
    expect(findInstance(join(home, 'run/supervisor.json'))).toBeUndefined();
    await vi.waitFor(() => expect(pids.filter(isRunning)).toEqual([]), patience);
  });

  it('tells the password the first time only', async () => {
    const first = await waitStarted();
    expect(first.stack.made.password).toMatch(/^[\w-]{24}$/);
    await first.stack.stop();
    const second = await waitStarted({ home: first.home });
    expect(second.stack.made.password).toBeUndefined();
    const logs = join(first.home, 'logs/tier2');
    const said = readdirSync(logs).map((name) => readFileSync(join(logs, name), 'utf8'));
    expect(said.join('')).not.toContain(first.stack.made.password);
  });

  it('gets what is missing first', async () => {
    const engines = fakeEngines({ name: 'temporal', missing: true }, { name: 'redis' });
    const { report } = await waitStarted({ engines });
    expect(engines.got).toEqual(['temporal']);
    expect(report.steps).toContain('temporal downloading');
  });

  it('does without Ollama, says so, and stays up', async () => {
    const engines = fakeEngines(
      { name: 'temporal' },
      { name: 'redis' },
      { name: 'ollama', required: false, missing: true, unobtainable: true },
    );
    const { home, report } = await waitStarted({ engines });
    await vi.waitFor(
      () => expect(report.notes.join()).toMatch(/ollama is not there.*apt-get install ollama/),
      patience,
    );
    expect(findInstance(join(home, 'run/supervisor.json'))?.phase).toBe('ready');
  });

  it('starts an Ollama that arrives later', async () => {
    const engines = fakeEngines(
      { name: 'temporal' },
      { name: 'redis' },
      { name: 'ollama', required: false, missing: true },
    );
    const { home } = await waitStarted({ engines });
    await vi.waitFor(() => {
      const children = findInstance(join(home, 'run/supervisor.json'))?.children ?? [];
      expect(children).toContainEqual(expect.objectContaining({ name: 'ollama', state: 'ready' }));
    }, patience);
  });

  it('starts no worker process where the API does all the work', async () => {
    const { home } = await waitStarted({ environment: { TALOS_WORKERS: 'single' } });
    const names = findInstance(join(home, 'run/supervisor.json'))?.children.map(({ name }) => name);
    expect(names).not.toContain('worker');
  });

  it('starts an API again over the socket its killed predecessor has left', async () => {
    const { home } = await waitStarted();
    const api = () => findInstance(join(home, 'run/supervisor.json'))?.children.find(({ name }) => name === 'api');
    process.kill(api()?.pid ?? 0, 'SIGKILL');
    await vi.waitFor(() => expect(api()).toMatchObject({ state: 'ready', restarts: 1 }), patience);
  });
});

describe('two homes', () => {
  it('run side by side on ports of their own', async () => {
    const [first, second] = await Promise.all([waitStarted(), waitStarted()]);
    expect(first.stack.config.ports.web).not.toBe(second.stack.config.ports.web);
    await first.stack.stop();
    expect(findInstance(join(second.home, 'run/supervisor.json'))?.phase).toBe('ready');
  });

  it('are refused the same ports: the second start names the holder and the setting', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address() as AddressInfo;
    const { starting, home } = await start({ environment: { WEB_PORT: String(port) } });
    await expect(starting).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      details: { port, field: 'WEB_PORT', pid: process.pid },
    });
    await expect(starting).rejects.toThrow(`process ${process.pid}`);
    expect(findInstance(join(home, 'run/supervisor.json'))).toBeUndefined();
    holder.close();
  });

  it('of which one is taken: the same home cannot run twice', async () => {
    const { home } = await waitStarted();
    const { starting } = await start({ home });
    await expect(starting).rejects.toMatchObject({ code: 'ALREADY_RUNNING' });
    expect(findInstance(join(home, 'run/supervisor.json'))?.phase).toBe('ready');
  });
});

describe('a start that fails', () => {
  it('because an engine ends shows its last lines and stops the others', async () => {
    const engines = fakeEngines({ name: 'temporal', script: 'echo "database is locked"; exit 1' }, { name: 'redis' });
    const { starting, home } = await start({ engines });
    await expect(starting).rejects.toMatchObject({ code: 'ENGINE_FAILED' });
    await expect(starting).rejects.toThrow(/temporal ended with code 1[\s\S]*database is locked/);
    expect(existsSync(join(home, 'run/supervisor.json'))).toBe(false);
  });

  it('because the API ends shows its last lines', async () => {
    const { starting } = await start({ root: fakeProgram('console.error("bad wiring"); process.exit(1);') });
    await expect(starting).rejects.toThrow(/api ended with code 1[\s\S]*bad wiring/);
  });

  it('because an engine cannot be had says what to install', async () => {
    const engines = fakeEngines({ name: 'temporal' }, { name: 'redis', missing: true, unobtainable: true });
    const { starting } = await start({ engines });
    await expect(starting).rejects.toMatchObject({ code: 'ENGINE_MISSING' });
    await expect(starting).rejects.toThrow('apt-get install redis');
  });

  it('because somebody gives it up leaves nothing running', async () => {
    const giveUp = new AbortController();
    const engines = fakeEngines({ name: 'temporal', script: 'exec sleep 1000' }, { name: 'redis' });
    const { starting, home } = await start({ engines, signal: giveUp.signal });
    const record = await vi.waitFor(() => {
      const found = findInstance(join(home, 'run/supervisor.json'));
      expect(found?.children).toContainEqual(expect.objectContaining({ name: 'redis', state: 'ready' }));
      return found;
    }, patience);
    giveUp.abort();
    await expect(starting).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
    const pids = record?.children.map((child) => child.pid ?? 0) ?? [];
    await vi.waitFor(() => expect(pids.filter(isRunning)).toEqual([]), patience);
  });

  it.each([
    ['a short password', { BASIC_AUTH_PASS: 'xq7-zz' }, /BASIC_AUTH_PASS must have at least 16 characters/],
    ['a port that is none', { WEB_PORT: 'eighty' }, /WEB_PORT must be a whole number/],
  ])('because of %s names the variable, but no secret, and makes no home', async (_, environment, message) => {
    const { starting, home } = await start({ environment });
    await expect(starting).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(starting).rejects.toThrow(message);
    await expect(starting).rejects.not.toThrow('xq7-zz');
    expect(existsSync(home)).toBe(false);
  });

  it('because talos.env is broken, open to others or without a password says which', async () => {
    const { home, stack } = await waitStarted();
    await stack.stop();
    const file = join(home, 'config/talos.env');
    const attempt = async (content: string, mode = 0o600) => {
      rmSync(file);
      writeFileSync(file, content);
      chmodSync(file, mode);
      return (await start({ home })).starting;
    };
    await expect(attempt('BASIC_AUTH_PASS\n')).rejects.toThrow(`${file} cannot be used: line 1`);
    await expect(attempt('BASIC_AUTH_PASS=long-enough-for-anybody\n', 0o644)).rejects.toThrow(`chmod 600 ${file}`);
    await expect(attempt('# nothing\n')).rejects.toThrow('BASIC_AUTH_PASS is not set');
  });
});
