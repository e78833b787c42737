import { execFile } from 'node:child_process';
import { mkdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';

import { describe, expect, it } from 'vitest';

import type { Config } from '../../../domain/config/parse.ts';
import { findCached, installWhole } from '../../../infra/engines/cache.ts';
import { chroma } from '../../../infra/engines/chroma.ts';
import { cacheOf, freshConfig, onlyPrograms, writeScript } from './support.ts';

const edition = { name: 'chroma', version: chroma.version } as const;

function job(signal = new AbortController().signal) {
  return { edition, signal, teller: { say: () => undefined, line: () => undefined, stop: () => undefined } };
}

async function install(config: Config, content = 'echo chroma 1.4.4', signal?: AbortSignal) {
  return await installWhole(config, job(signal), async ({ whole }) => {
    await writeScript(`${whole}/chroma`, content);
    return 'chroma';
  });
}

describe('engine cache', () => {
  it('holds nothing of an attempt that failed', async () => {
    const config = await freshConfig();
    const attempt = installWhole(config, job(), async ({ whole, work }) => {
      await writeFile(`${whole}/chroma`, 'half');
      await writeFile(`${work}/archive`, 'half');
      throw new Error('the disk is full');
    });
    await expect(attempt).rejects.toThrow('the disk is full');
    expect(await cacheOf(chroma, config)).toEqual([]);
  });

  it('shows an engine only when it is whole', async () => {
    const config = await freshConfig();
    await onlyPrograms({});
    await installWhole(config, job(), async ({ whole }) => {
      await writeScript(`${whole}/chroma`, 'echo');
      expect(await chroma.locate(config)).toMatchObject({ kind: 'missing' });
      return 'chroma';
    });
    expect(await chroma.locate(config)).toMatchObject({ kind: 'cache', version: edition.version });
  });

  it('does not take a half-built folder for an engine, and builds over it', async () => {
    const config = await freshConfig();
    const folder = `${config.home.enginesDir}/chroma/${edition.version}`;
    await mkdir(folder, { recursive: true });
    await writeScript(`${folder}/chroma`, 'echo half');
    expect(findCached(config, edition)).toBeUndefined();
    expect(await install(config)).toMatchObject({ kind: 'cache' });
    expect(await cacheOf(chroma, config)).toEqual([edition.version]);
    expect(await readFile(`${folder}/chroma`, 'utf8')).toContain('1.4.4');
  });

  it('does not take an engine whose program lost its content', async () => {
    const config = await freshConfig();
    const { program } = await install(config);
    await truncate(program, 3);
    expect(findCached(config, edition)).toBeUndefined();
    expect((await install(config)).program).toBe(program);
    expect(findCached(config, edition)).toBeDefined();
  });

  it('clears what a dead process left', async () => {
    const config = await freshConfig();
    const script = `
      import { installWhole } from '${new URL('../../../infra/engines/cache.ts', import.meta.url).href}';
      const config = { home: { enginesDir: process.argv[1] } };
      installWhole(config, { edition: ${JSON.stringify(edition)} }, () => process.kill(process.pid, 'SIGKILL'));`;
    const killed = promisify(execFile)(process.execPath, ['--input-type=module', '-e', script, config.home.enginesDir]);
    await expect(killed).rejects.toMatchObject({ signal: 'SIGKILL' });
    expect(await cacheOf(chroma, config)).toHaveLength(1);
    await install(config);
    expect(await cacheOf(chroma, config)).toEqual([edition.version]);
  });

  it('is filled once by two that want the same engine at once', async () => {
    const config = await freshConfig();
    const fills: string[] = [];
    const attempt = async (name: string) =>
      await installWhole(config, job(), async ({ whole }) => {
        fills.push(name);
        await writeScript(`${whole}/chroma`, 'echo');
        return 'chroma';
      });
    const [first, second] = await Promise.all([attempt('first'), attempt('second')]);
    expect(first).toEqual(second);
    expect(fills).toHaveLength(1);
    expect(await cacheOf(chroma, config)).toEqual([edition.version]);
  });

  it('is filled by the second when the first fails', async () => {
    const config = await freshConfig();
    const mayFail = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const first = installWhole(config, job(), async () => {
      begun.resolve();
      await mayFail.promise;
      throw new Error('no connection');
    });
    await begun.promise;
    const waiting = Promise.withResolvers<void>();
    const second = installWhole(
      config,
      { ...job(), teller: { ...job().teller, say: () => waiting.resolve() } },
      async ({ whole }) => {
        await writeScript(`${whole}/chroma`, 'echo');
        return 'chroma';
      },
    );
    await waiting.promise;
    mayFail.resolve();
    await expect(first).rejects.toThrow('no connection');
    expect(await second).toMatchObject({ kind: 'cache' });
  });

  it('stops waiting for another when given up', async () => {
    const config = await freshConfig();
    const end = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const first = installWhole(config, job(), async ({ whole }) => {
      begun.resolve();
      await end.promise;
      await writeScript(`${whole}/chroma`, 'echo');
      return 'chroma';
    });
    await begun.promise;
    const giveUp = new AbortController();
    const second = install(config, 'echo', giveUp.signal);
    giveUp.abort();
    await expect(second).rejects.toThrow(/aborted/);
    end.resolve();
    expect(await first).toMatchObject({ kind: 'cache' });
  });
});
