import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { z } from 'zod';

import type { Config } from '../../domain/config/parse.ts';
import { TalosError } from '../../domain/errors.ts';
import { identify } from '../process-identity.ts';
import type { EngineLocation, EngineName, ToolName } from './engine.ts';
import type { Step } from './teller.ts';

/** One version of an engine. */
export type Edition = { readonly name: EngineName | ToolName; readonly version: string };

/** Folders to fill: `whole` becomes the cached engine, `work` is thrown away. */
export type Workplace = { readonly whole: string; readonly work: string };

type CachedEngine = Extract<EngineLocation, { program: string }>;

/** Written last; a folder without it, or whose program is not as it says, is no engine. */
const Manifest = z.object({ program: z.string(), size: z.int() });
const manifestName = 'engine.json';
const dayMs = 86_400_000;

/** The engine in the cache, undefined when it is not there whole. */
export function findCached(config: Config, edition: Edition): CachedEngine | undefined {
  const folder = cachedFolder(config, edition);
  if (!existsSync(`${folder}/${manifestName}`)) return undefined;
  const manifest = Manifest.safeParse(parseJson(readFileSync(`${folder}/${manifestName}`, 'utf8')));
  if (!manifest.success) return undefined;
  const program = `${folder}/${manifest.data.program}`;
  const found = statSync(program, { throwIfNoEntry: false });
  if (found?.size !== manifest.data.size) return undefined;
  return { kind: 'cache', program, version: edition.version };
}

/** Puts an engine into the cache: whole or not at all, and once where several want it. `fill` returns the program's path below `whole`. */
export async function installWhole(
  config: Config,
  { edition, ...step }: Step & { readonly edition: Edition },
  fill: (place: Workplace) => Promise<string>,
): Promise<CachedEngine> {
  const present = findCached(config, edition);
  if (present !== undefined) return present;
  const parent = `${config.home.enginesDir}/${edition.name}`;
  await makeFolder(parent);
  const place = `${parent}/${partName()}`;
  const [whole, work] = [`${place}/whole`, `${place}/work`];
  try {
    for (const folder of [place, whole, work]) await mkdir(folder);
    const brought = await waitForOthers(place, () => findCached(config, edition), step);
    if (brought !== undefined) return brought;
    const program = await fill({ whole, work });
    const { size } = await stat(`${whole}/${program}`);
    await writeFile(`${whole}/${manifestName}`, JSON.stringify({ program, size }), { flush: true });
    await putInPlace(config, edition, place);
  } catch (error) {
    throw placeError(error, parent) ?? error;
  } finally {
    await rm(place, { recursive: true, force: true });
  }
  const location = findCached(config, edition);
  if (location !== undefined) return location;
  throw new TalosError('INTERNAL', `${edition.name} was put into ${cachedFolder(config, edition)} but is not there`);
}

/** Lets whoever began earlier finish: building twice at once takes twice as long for both. Returns what they brought, if they did. */
async function waitForOthers(
  place: string,
  find: () => CachedEngine | undefined,
  { signal, teller }: Step,
): Promise<CachedEngine | undefined> {
  for (;;) {
    const earlier = await livingParts(dirname(place), basename(place));
    const found = find();
    if (found !== undefined || earlier.length === 0) return found;
    teller.say('waiting for another Talos that gets it');
    await sleep(500, undefined, { signal });
  }
}

/** When another process was first its engine stays; a broken one is moved out of the way. */
async function putInPlace(config: Config, edition: Edition, place: string): Promise<void> {
  const final = cachedFolder(config, edition);
  if (findCached(config, edition) !== undefined) return;
  if (existsSync(final)) await rename(final, `${place}/broken`);
  try {
    await rename(`${place}/whole`, final);
  } catch (error) {
    if (findCached(config, edition) === undefined) throw error;
  }
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw placeError(error, folder) ?? notOurs(error, folder);
  }
}

/** What is wrong with the folder of the engines itself, if that is what failed. */
function placeError(cause: unknown, folder: string): TalosError | undefined {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  if (['ENOSPC', 'EDQUOT'].includes(code)) {
    const message = `There is no space left for ${folder}; make room (6 GB for a build), or set TALOS_ENGINES_DIR to a folder on another disk`;
    return new TalosError('DISK_FULL', message, { cause, details: { field: 'TALOS_ENGINES_DIR' } });
  }
  return ['EACCES', 'EPERM', 'EROFS'].includes(code) ? notOurs(cause, folder) : undefined;
}

function notOurs(cause: unknown, folder: string): TalosError {
  return new TalosError('CONFIG_INVALID', `${folder} cannot be written; set TALOS_ENGINES_DIR to a folder of yours`, {
    cause,
    details: { field: 'TALOS_ENGINES_DIR' },
  });
}

/** Attempts on this machine that began before ours. Removes what was left behind by dead ones, and by other machines after a day. */
async function livingParts(parent: string, ours: string): Promise<string[]> {
  const living: string[] = [];
  for (const name of await readdir(parent)) {
    const [mark, began, host, pid, startedAt] = name.split('+');
    if (mark !== '.part' || name === ours || pid === undefined || startedAt === undefined) continue;
    const folder = `${parent}/${name}`;
    const isOver = host === thisHost() ? isGone(Number(pid), startedAt) : await isOld(folder);
    if (isOver) await rm(folder, { recursive: true, force: true });
    else if (host === thisHost() && name < ours && began !== undefined) living.push(name);
  }
  return living;
}

function isGone(pid: number, startedAt: string): boolean {
  const living = identify(pid);
  return living === undefined || plain(living.startedAt) !== startedAt;
}

async function isOld(folder: string): Promise<boolean> {
  const found = await stat(folder).catch(() => undefined); // its owner may just have removed it
  return found !== undefined && Date.now() - found.mtimeMs > dayMs;
}

/** Sorts by the time an attempt began, and names the process behind it. */
function partName(): string {
  const startedAt = plain(identify(process.pid)?.startedAt ?? '');
  const microseconds = Math.round((performance.timeOrigin + performance.now()) * 1000);
  return ['.part', microseconds, thisHost(), process.pid, startedAt, randomBytes(4).toString('hex')].join('+');
}

function thisHost(): string {
  return plain(hostname());
}

function plain(text: string): string {
  return text.replaceAll(/[^\w.-]/g, '_');
}

function cachedFolder(config: Config, { name, version }: Edition): string {
  return `${config.home.enginesDir}/${name}/${version}`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // half-written: the folder counts as not there
  }
}
