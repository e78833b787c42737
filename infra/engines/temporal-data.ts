import { appendFileSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync } from 'node:fs';

import type { HomePaths } from '../../domain/config/paths.ts';
import { replaceWhole } from '../files.ts';

/**
 * The database in its folder. The server takes its path for an address: from a # or ? on it would be cut off, and the file would lie
 * outside the home, readable for all. So the server runs in that folder and is told the name alone.
 */
export const temporalDatabase = 'temporal.db';

/**
 * Makes the database folder fit a server version; returns the folder. The local server neither migrates nor
 * refuses a database of another version, so one that does not fit is moved aside, with a line in the log of the engine.
 */
export function prepareTemporalData(paths: HomePaths, serverVersion: string): string {
  const folder = paths.temporalData;
  const stamp = `${folder}/server-version`;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const stamped = existsSync(stamp) ? readFileSync(stamp, 'utf8').trim() : 'an unknown version';
  if (existsSync(`${folder}/${temporalDatabase}`) && stamped !== serverVersion)
    moveAside(paths, stamped, serverVersion);
  replaceWhole(stamp, `${serverVersion}\n`, 0o600);
  return folder;
}

function moveAside(paths: HomePaths, from: string, to: string): void {
  const folder = paths.temporalData;
  const time = new Date().toISOString();
  const aside = `${folder}/set-aside-${time.replaceAll(/[:.]/g, '-')}`;
  mkdirSync(aside, { mode: 0o700 });
  for (const name of readdirSync(folder)) {
    if (name.startsWith(temporalDatabase)) renameSync(`${folder}/${name}`, `${aside}/${name}`);
  }
  mkdirSync(paths.operations, { recursive: true });
  const line = `${time} talos: the database was written by Temporal server ${from} and this is ${to}; it was moved to ${aside}, a new one begins\n`;
  appendFileSync(`${paths.operations}/temporal.out.log`, line, { mode: 0o640 });
}
