import { mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';

import { Connection } from '@temporalio/client';
import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';

import { parseConfig } from '../../../domain/config/parse.ts';
import type { Config } from '../../../domain/config/parse.ts';
import { engineAddresses, homePaths } from '../../../domain/config/paths.ts';
import { chroma } from '../../../infra/engines/chroma.ts';
import type { Engine } from '../../../infra/engines/engine.ts';
import { ollama } from '../../../infra/engines/ollama.ts';
import { pingRedis } from '../../../infra/engines/redis-ping.ts';
import { redis } from '../../../infra/engines/redis.ts';
import { temporal } from '../../../infra/engines/temporal.ts';
import { createSupervisor } from '../../../infra/supervisor.ts';
import type { Supervisor } from '../../../infra/supervisor.ts';
import { freePortBlock } from '../../support/port-block.ts';
import { scratch } from './support.ts';

const patient = (): AbortSignal => AbortSignal.timeout(10_000);

/** A configuration with state and ports of its own and the shared cache. */
async function ownConfig(settings: Record<string, string> = {}): Promise<Config> {
  const { HOME, TALOS_ENGINES_DIR } = process.env;
  const base = String(await freePortBlock());
  return parseConfig({ HOME, TALOS_ENGINES_DIR, TALOS_HOME: await scratch(), TALOS_PORT_BASE: base, ...settings });
}

async function startChild(engine: Engine, config: Config): Promise<Supervisor> {
  const { operations } = homePaths(config);
  await mkdir(operations, { recursive: true });
  const environment = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '' };
  const supervisor = createSupervisor({ logDir: operations, environment, onChange: () => undefined });
  onTestFinished(() => supervisor.stop());
  const location = await engine.locate(config);
  if (!('program' in location)) throw new Error(`${engine.name} is ${location.kind}`);
  await supervisor.start(await engine.child(config, location), 0);
  return supervisor;
}

describe('every engine', () => {
  it.each([temporal, redis, chroma, ollama])('$name starts, answers its check and ends when told', async (engine) => {
    const config = await ownConfig();
    const supervisor = await startChild(engine, config);
    expect(await engine.check(config, patient())).toBeGreaterThan(0);
    await supervisor.stop();
    expect(supervisor.statuses()).toMatchObject([{ state: 'stopped', restarts: 0 }]);
    await expect(engine.check(config, patient())).rejects.toThrow(/ECONNREFUSED|ENOENT|fetch failed|closed/);
  });
});

describe('in a home with a strange name', () => {
  it.each([
    { engine: temporal, file: 'data/temporal/temporal.db' },
    { engine: redis, file: 'data/redis/appendonlydir' },
    { engine: chroma, file: 'data/chromadb/chroma.sqlite3' },
    { engine: ollama, file: 'data/ollama' },
  ])('$engine.name keeps its data there and nowhere else', async ({ engine, file }) => {
    const folder = await scratch();
    const name = `ä 'b' \\ $c #%20[d] &e`;
    const config = await ownConfig({ TALOS_HOME: `${folder}/${name}` });
    const supervisor = await startChild(engine, config);
    expect(await engine.check(config, patient())).toBeGreaterThan(0);
    await supervisor.stop();
    expect(await readdir(folder)).toEqual([name]);
    expect(await stat(`${folder}/${name}/${file}`)).toBeDefined();
  });
});

describe('Temporal', () => {
  it('keeps closed workflows for thirty days and knows the search attributes', async () => {
    const config = await ownConfig();
    await startChild(temporal, config);
    const connection = await Connection.connect({ address: engineAddresses(config).temporal });
    onTestFinished(() => connection.close());
    const described = await connection.workflowService.describeNamespace({ namespace: 'talos' });
    expect(Number(described.config?.workflowExecutionRetentionTtl?.seconds)).toBe(720 * 3600);
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace: 'talos' });
    expect(Object.keys(customAttributes)).toEqual(
      expect.arrayContaining(['TalosConversationId', 'TalosSkillId', 'TalosOutcome']),
    );
  });

  it('keeps its database over a restart and moves one of another server version aside, with a word in its log', async () => {
    const config = await ownConfig();
    const paths = homePaths(config);
    const location = await temporal.locate(config);
    if (!('program' in location)) throw new Error(location.kind);
    await temporal.child(config, location);
    await writeFile(`${paths.temporalData}/temporal.db`, 'pages');
    await temporal.child(config, location);
    expect(await readdir(paths.temporalData)).toEqual(['server-version', 'temporal.db']);

    await writeFile(`${paths.temporalData}/server-version`, '1.2.3\n');
    await temporal.child(config, location);

    const [server, aside, ...rest] = await readdir(paths.temporalData);
    expect([server, rest]).toEqual(['server-version', []]);
    expect(await readFile(`${paths.temporalData}/${aside}/temporal.db`, 'utf8')).toBe('pages');
    expect(await readFile(`${paths.operations}/temporal.out.log`, 'utf8')).toMatch(/server 1\.2\.3 .* moved to/);
  });

  it('counts as down while nobody listens or the listener is somebody else', async () => {
    const config = await ownConfig();
    await expect(temporal.check(config, patient())).rejects.toThrow();
    const other = createServer((socket) => socket.end('SSH-2.0-other\r\n'));
    await new Promise<void>((resolve) => other.listen(config.ports.temporal, '127.0.0.1', resolve));
    onTestFinished(() => void other.close());
    await expect(temporal.check(config, patient())).rejects.toThrow();
  });
});

describe('Redis', () => {
  it('is not started beside one that was left behind on the same data', async () => {
    const config = await ownConfig();
    const left = await startChild(redis, config);
    await expect(startChild(redis, config)).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      details: { engine: 'redis' },
    });
    await left.stop();
    await startChild(redis, config);
    expect(await redis.check(config, patient())).toBeGreaterThan(0);
  });

  it('runs with the memory ceiling and evicts nothing, reachable for its user alone', async () => {
    const config = await ownConfig({ REDIS_MAX_MEMORY: '32mb' });
    const paths = homePaths(config);
    await startChild(redis, config);
    const client = new Redis({ path: paths.redisSocket });
    onTestFinished(() => client.disconnect());
    const setting = async (name: string): Promise<unknown> => (await client.config('GET', name))[1];
    expect(await setting('maxmemory')).toBe(String(32 * 1_048_576));
    expect(await setting('maxmemory-policy')).toBe('noeviction');
    expect(await setting('appendfsync')).toBe('everysec');
    expect(await setting('port')).toBe('0');
    expect((await stat(paths.redisSocket)).mode & 0o777).toBe(0o700);
    expect((await stat(`${paths.redisData}/redis.conf`)).mode & 0o777).toBe(0o600);
  });

  it.each([
    ['LOADING Redis is loading the dataset in memory', '-LOADING Redis is loading the dataset in memory\r\n'],
    ['NOAUTH Authentication required', '-NOAUTH Authentication required.\r\n'],
  ])('is not ready while it answers %s', async (reason, answer) => {
    const url = await fakeRedis(() => answer);
    await expect(pingRedis(url, patient())).rejects.toThrow(reason);
  });

  it('is ready once it has loaded', async () => {
    const answers = ['-LOADING Redis is loading the dataset in memory\r\n', '+PONG\r\n'];
    const url = await fakeRedis(() => answers.shift() ?? '');
    await expect(pingRedis(url, patient())).rejects.toThrow('LOADING');
    expect(await pingRedis(url, patient())).toBeGreaterThan(0);
  });

  it.each([
    ['allkeys-lru', '32mb', /drops keys .*allkeys-lru/],
    ['volatile-ttl', '32mb', /drops keys .*volatile-ttl/],
    ['allkeys-lru', '0', undefined],
    ['noeviction', '32mb', undefined],
  ])('that runs elsewhere with %s at %s is found at fault: %s', async (policy, ceiling, detail) => {
    const own = await ownConfig();
    await startChild(redis, own);
    const url = engineAddresses(own).redis;
    const client = new Redis(url.slice('unix://'.length));
    onTestFinished(() => client.disconnect());
    await client.config('SET', 'maxmemory', ceiling, 'maxmemory-policy', policy);
    const fault = await redis.findFault?.(await ownConfig({ REDIS_URL: url }), patient());
    expect(fault?.detail).toEqual(detail === undefined ? undefined : expect.stringMatching(detail));
  });

  it('is asked with the user and password of its address', async () => {
    const heard: string[] = [];
    const url = await fakeRedis((command) => {
      heard.push(command);
      return '+OK\r\n+PONG\r\n';
    });
    await pingRedis(url.replace('redis://', 'redis://someone:p%40ss@'), patient());
    expect(heard.join('')).toBe('*3\r\n$4\r\nAUTH\r\n$7\r\nsomeone\r\n$4\r\np@ss\r\n*1\r\n$4\r\nPING\r\n');
  });
});

describe('Ollama', () => {
  it('keeps its models where the setting says', async () => {
    const models = await scratch();
    const config = await ownConfig({ OLLAMA_MODELS: models });
    await startChild(ollama, config);
    const response = await fetch(`${engineAddresses(config).ollama}/api/tags`);
    expect(await response.json()).toEqual({ models: [] });
    expect(await readdir(models)).toContain('blobs');
  });
});

/** A Redis that says what the test wants. */
async function fakeRedis(answer: (command: string) => string): Promise<string> {
  const server = createServer((socket) => socket.on('data', (chunk) => socket.write(answer(chunk.toString()))));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  return `redis://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
}
