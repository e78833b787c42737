import type { Config } from '../../domain/config/parse.ts';
import { chroma } from './chroma.ts';
import type { Engine, EngineName, Progress } from './engine.ts';
import { ollama } from './ollama.ts';
import { redis } from './redis.ts';
import { temporal } from './temporal.ts';

/** Every engine, in the order they are shown. */
export const engines: readonly Engine[] = [temporal, redis, chroma, ollama];

/** Builds that each want all cores: one after the other. The others mostly wait for the network. */
const heavy: readonly EngineName[] = ['temporal', 'ollama'];

/** Gets the named engines into the cache, side by side where they do not fight for cores. The first failure gives the others up. */
export async function getEngines(
  names: readonly EngineName[],
  config: Config,
  options: { progress: Progress; signal: AbortSignal },
): Promise<void> {
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  const wanted = engines.filter(({ name }) => names.includes(name));
  const get = async (engine: Engine): Promise<void> => {
    signal.throwIfAborted();
    await engine.get(config, { progress: options.progress, signal });
  };
  const light = wanted.filter(({ name }) => !heavy.includes(name)).map(get);
  const jobs = [
    ...light,
    inTurn(
      wanted.filter(({ name }) => heavy.includes(name)),
      get,
    ),
  ];
  try {
    await Promise.all(jobs);
  } catch (error) {
    failed.abort(error);
    await Promise.allSettled(jobs); // nothing may still run when this returns
    throw error;
  }
}

async function inTurn(list: readonly Engine[], get: (engine: Engine) => Promise<void>): Promise<void> {
  for (const engine of list) await get(engine);
}
