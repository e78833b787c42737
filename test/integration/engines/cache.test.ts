import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';

import { describe, expect, it } from 'vitest';

import type { Config } from '../../../domain/config/parse.ts';
import { findCached, installWhole } from '../../../infra/engines/cache.ts';
import { chroma } from '../../../infra/engines/chroma.ts';
import { cacheOf, freshConfig, onlyPrograms, writeScript } from './support.ts';

const edition = { name: 'chroma', version: chroma.version } as const;

async function install(config: Config, content = 'echo chroma 1.4.4') {
  return await installWhole(config, edition, async ({ whole }) => {
    await writeScript(`${whole}/chroma`, content);
    return 'chroma';
  });
}

describe('engine cache', () => {
  it('holds nothing of an attempt that failed', async () => {
    const config = await freshConfig();
    const attempt = installWhole(config, edition, async ({ whole, work }) => {
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
    await installWhole(config, edition, async ({ whole }) => {
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

  it('clears what a dead process left and leaves a living one its folder', async () => {
    const config = await freshConfig();
    const parent = `${config.home.enginesDir}/chroma`;
    const script = `
      import { installWhole } from '${new URL('../../../infra/engines/cache.ts', import.meta.url).href}';
      const config = { home: { enginesDir: process.argv[1] } };
      installWhole(config, ${JSON.stringify(edition)}, () => process.kill(process.pid, 'SIGKILL'));`;
    const killed = promisify(execFile)(process.execPath, ['--input-type=module', '-e', script, config.home.enginesDir]);
    await expect(killed).rejects.toMatchObject({ signal: 'SIGKILL' });
    const leftovers = await cacheOf(chroma, config);
    expect(leftovers).toHaveLength(1);

    await installWhole(config, edition, async ({ whole, work }) => {
      expect(existsSync(`${parent}/${leftovers[0]}`)).toBe(false);
      await install(config);
      expect(existsSync(work)).toBe(true);
      await writeScript(`${whole}/chroma`, 'echo second');
      return 'chroma';
    });
    expect(await cacheOf(chroma, config)).toEqual([edition.version]);
  });

  it('serves two that get the same engine at once', async () => {
    const config = await freshConfig();
    const both = Promise.withResolvers<void>();
    let filling = 0;
    const attempt = async (): Promise<unknown> =>
      await installWhole(config, edition, async ({ whole }) => {
        filling += 1;
        if (filling === 2) both.resolve();
        await both.promise;
        await writeScript(`${whole}/chroma`, 'echo');
        return 'chroma';
      });
    const [first, second] = await Promise.all([attempt(), attempt()]);
    expect(first).toEqual(second);
    expect(await cacheOf(chroma, config)).toEqual([edition.version]);
  });
});
