import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

import { describe, expect, it, vi } from 'vitest';

import { chroma } from '../../../infra/engines/chroma.ts';
import { ollama } from '../../../infra/engines/ollama.ts';
import { redis } from '../../../infra/engines/redis.ts';
import { getEngines } from '../../../infra/engines/registry.ts';
import { temporal } from '../../../infra/engines/temporal.ts';
import { isRunning, patience, pidIn } from '../lifecycle/fake-child.ts';
import { cacheOf, failureOf, freshConfig, get, onlyPrograms, scratch } from './support.ts';

const nowhere = {
  TALOS_TEMPORAL_RELEASES: 'http://127.0.0.1:9',
  TALOS_OLLAMA_RELEASES: 'http://127.0.0.1:9',
  TALOS_RELEASE_TIMEOUT: '1',
};

/** A Go that is new enough and runs a script in place of a build; the file to make follows `-o`. */
function fakeGo(build: string): string {
  return `[ "$1" = env ] && { echo go1.26.8; exit 0; }
while [ "$1" != -o ]; do shift; done; out=$2
${build}`;
}

describe('without a release host', () => {
  it('Temporal is built by Go, with caches of its own that are gone afterwards', async () => {
    const config = await freshConfig(nowhere);
    const seen = `${await scratch()}/seen`;
    const build = `printf '%s\\n' "$GOMODCACHE" "$GOCACHE" > ${seen}; ls go.mod go.sum >> ${seen}
      mkdir -p "$GOMODCACHE" "$GOCACHE"; printf '#!/bin/sh\\necho temporal version 1.8.2\\n' > "$out"; chmod 755 "$out"`;
    await onlyPrograms({ go: fakeGo(build) });

    expect(await get(temporal, config)).toMatchObject({ kind: 'cache', version: temporal.version });

    const [modules, cache, ...files] = (await readFile(seen, 'utf8')).trim().split('\n');
    expect(files).toEqual(['go.mod', 'go.sum']);
    for (const folder of [modules, cache]) {
      expect(folder).toContain(config.home.enginesDir);
      expect(existsSync(folder ?? '')).toBe(false);
    }
    expect(await cacheOf(temporal, config)).toEqual([temporal.version]);
  });

  it('a build that fails leaves nothing and shows what Go said', async () => {
    const config = await freshConfig(nowhere);
    await onlyPrograms({ go: fakeGo('echo half > "$out"; echo "dial tcp: no route to host" >&2; exit 1') });
    const error = await failureOf(get(temporal, config));
    expect(error.code).toBe('DOWNLOAD_FAILED');
    expect(error.message).toContain('no route to host');
    expect(await cacheOf(temporal, config)).toEqual([]);
  });

  it('source that is not what go.sum says is refused', async () => {
    const config = await freshConfig(nowhere);
    await onlyPrograms({ go: fakeGo('echo "verifying module: checksum mismatch" >&2; exit 1') });
    expect((await failureOf(get(temporal, config))).code).toBe('CHECKSUM_MISMATCH');
    expect(await cacheOf(temporal, config)).toEqual([]);
  });

  it('giving up ends the build with everything it started', async () => {
    const config = await freshConfig(nowhere);
    const folder = await scratch();
    const build = `sh -c 'echo $$ > ${folder}/pid.part; mv ${folder}/pid.part ${folder}/pid; exec sleep 600' & wait`;
    await onlyPrograms({ go: fakeGo(build) });
    const giveUp = new AbortController();
    const attempt = failureOrAbort(get(temporal, config, giveUp.signal));
    const pid = await vi.waitFor(() => pidIn(`${folder}/pid`), patience);
    giveUp.abort();
    expect(await attempt).toBe('AbortError');
    await vi.waitFor(() => expect(isRunning(pid)).toBe(false), patience);
    expect(await cacheOf(temporal, config)).toEqual([]);
  });

  it('the first failure gives up what runs beside it', async () => {
    const config = await freshConfig(nowhere);
    const folder = await scratch();
    await onlyPrograms({ go: fakeGo(`echo $$ > ${folder}/pid.part; mv ${folder}/pid.part ${folder}/pid; sleep 600`) });
    const options = { progress: () => undefined, signal: new AbortController().signal };
    const failure = await failureOf(getEngines(['temporal', 'redis'], config, options));
    expect(failure).toMatchObject({ code: 'ENGINE_MISSING', details: { engine: 'redis' } });
    expect(await cacheOf(temporal, config)).toEqual([]);
  });
});

describe('without a connection and without tools', () => {
  it.each([
    [temporal, /install Go 1\.26 or newer .*TEMPORAL_ADDRESS/],
    [redis, /run: (sudo )?\S+ .*redis.*REDIS_URL/],
    [chroma, /Python 3\.9 or newer with pip; run: .*CHROMA_URL/],
    [ollama, /Install Ollama .*OLLAMA_URL/],
  ])('$name says what to install', async (engine, advice) => {
    const config = await freshConfig(nowhere);
    await onlyPrograms({});
    expect(await engine.locate(config)).toMatchObject({ kind: 'missing' });
    const error = await failureOf(get(engine, config));
    expect(error.code).toBe('ENGINE_MISSING');
    expect(error.message).toMatch(advice);
    expect(await cacheOf(engine, config)).toEqual([]);
  });

  it('a Go that is too old is named with its version', async () => {
    const config = await freshConfig(nowhere);
    await onlyPrograms({ go: 'echo go1.19.8' });
    expect((await failureOf(get(temporal, config))).message).toMatch(/Go 1\.26 .*is version 1\.19\.8/);
  });

  it.each([
    ['dnf', 'dnf install -y valkey'],
    ['brew', 'brew install redis'],
  ])('a system with %s is told its own command', async (manager, command) => {
    await onlyPrograms({ [manager]: 'exit 1' });
    const error = await failureOf(get(redis, await freshConfig()));
    expect(error.details['fix']).toContain(command);
  });
});

describe('Redis from the system', () => {
  it('is installed for root, with fresh package lists where the first try fails, and named to anybody else', async () => {
    const said = `${await scratch()}/said`;
    const folder = await onlyPrograms({
      flock: 'shift; exec "$@"',
      'apt-get': `for word; do
  [ "$word" = update ] && { echo update >> ${said}; exit 0; }
  [ "$word" = install ] && { echo install >> ${said}; [ $(grep -c install ${said}) = 2 ] || exit 100; }
done
printf '#!/bin/sh\\necho Redis server v=7.0.15\\n' > "$(dirname "$0")/redis-server"
chmod 755 "$(dirname "$0")/redis-server"`,
    });
    const attempt = get(redis, await freshConfig());
    if (process.getuid?.() === 0) {
      expect(await attempt).toMatchObject({ kind: 'path', program: `${folder}/redis-server`, version: '7.0.15' });
      expect(await readFile(said, 'utf8')).toBe('install\nupdate\ninstall\n');
    } else {
      expect((await failureOf(attempt)).message).toContain('sudo apt-get install -y redis-server');
    }
  });
});

describe('what is there already', () => {
  it.each([
    ['TEMPORAL_ADDRESS', temporal, 'cluster.example:7233'],
    ['REDIS_URL', redis, 'redis://cluster.example:6379'],
    ['CHROMA_URL', chroma, 'http://cluster.example:8000'],
    ['OLLAMA_URL', ollama, 'http://cluster.example:11434'],
  ])('the address in %s wins', async (variable, engine, address) => {
    const config = await freshConfig({ [variable]: address });
    expect(await engine.locate(config)).toEqual({ kind: 'external', address });
  });

  it.each(['secret', 'p@secret', 'secret/secret', 'p#secret'])(
    'the password %s never shows in an address',
    async (word) => {
      const config = await freshConfig({ REDIS_URL: `rediss://user:${word}@cluster.example:6380/1` });
      expect(JSON.stringify(await redis.locate(config))).not.toContain('secret');
    },
  );

  it.each([
    {
      engine: temporal,
      program: 'temporal',
      says: 'temporal version 1.8.4 (Server 1.31.3, UI 2.51.0)',
      version: '1.8.4',
    },
    { engine: redis, program: 'redis-server', says: 'Redis server v=7.0.15 sha=0', version: '7.0.15' },
    { engine: redis, program: 'valkey-server', says: 'Valkey server v=8.0.1 sha=0', version: '8.0.1' },
    { engine: chroma, program: 'chroma', says: 'chroma 1.4.4', version: '1.4.4' },
    {
      engine: ollama,
      program: 'ollama',
      says: 'Warning: could not connect\\nWarning: client version is 0.20.1',
      version: '0.20.1',
    },
    {
      engine: ollama,
      program: 'ollama',
      says: 'ollama version is 0.3.0\\nWarning: client version is 0.20.1',
      version: '0.20.1',
    },
  ])('$program on the PATH that says $says is used', async ({ engine, program, says, version }) => {
    await onlyPrograms({ [program]: `printf '${says}\\n'` });
    expect(await engine.locate(await freshConfig())).toMatchObject({ kind: 'path', version });
  });

  it.each([
    [temporal, 'temporal', 'temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)'],
    [temporal, 'temporal', 'temporal version 2.0.0'],
    [redis, 'redis-server', 'Redis server v=5.0.7 sha=0'],
    [chroma, 'chroma', 'chroma 1.3.4'],
    [ollama, 'ollama', 'Warning: client version is 0.0.0'],
    [ollama, 'ollama', 'ollama version is 0.5.7'],
  ])('$name on the PATH as %s (%s) does not fit', async (engine, program, says) => {
    await onlyPrograms({ [program]: `printf '${says}\\n'` });
    expect(await engine.locate(await freshConfig())).toMatchObject({ kind: 'missing' });
  });
});

async function failureOrAbort(work: Promise<unknown>): Promise<string> {
  return await work.then(
    () => 'nothing was thrown',
    (error: unknown) => (error instanceof Error ? error.name : String(error)),
  );
}
