import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

import type { RedisConnections } from '../redis.ts';
import { ask } from './redis-keyspace.ts';

/** An image is kept before the message that shows it is accepted, and a message may be long in coming. */
const youngMs = 24 * 60 * 60_000;

const hash = /[0-9a-f]{64}/g;

/** The images on disk that are old enough to go, with the hash in their name; '' for what was never finished. */
export async function oldImages(dir: string, now: number): Promise<Map<string, string>> {
  const names = await readdir(dir).catch(() => []); // nobody has sent one yet
  const old = new Map<string, string>();
  for (const name of names) {
    const named = /^[0-9a-f]{64}(?=\.|$)/.exec(name)?.[0];
    const path = join(dir, name);
    if (named !== undefined && (await isOld(path, now))) old.set(path, name.endsWith('.tmp') ? '' : named);
  }
  return old;
}

/** The hashes of images that messages refer to; undefined when one of the messages cannot be read. */
export async function shownImages(redis: RedisConnections, messages: readonly string[]): Promise<string[] | undefined> {
  const options = await ask(
    redis,
    messages.map((key) => ['hget', key, 'options']),
  );
  if (options.includes(undefined)) return undefined;
  return options.flatMap((text) => (typeof text === 'string' ? (text.match(hash) ?? []) : []));
}

/** Removes images nobody refers to; one that was kept anew meanwhile stays. */
export async function removeImages(paths: readonly string[], now: number): Promise<number> {
  let removed = 0;
  for (const path of paths) {
    if (!(await isOld(path, now))) continue;
    await rm(path, { force: true });
    removed += 1;
  }
  return removed;
}

async function isOld(path: string, now: number): Promise<boolean> {
  const found = await stat(path).catch(() => undefined); // gone meanwhile
  return found?.isFile() === true && now - found.mtimeMs > youngMs;
}
