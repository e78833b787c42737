import { existsSync } from 'node:fs';

import type { HomePaths } from '../domain/config/paths.ts';
import { TalosError } from '../domain/errors.ts';

/** Whether Talos was ever started in a home; the first start makes its key, and everything since is in its audit log. */
export function wasStarted({ nodeKey, audit }: Pick<HomePaths, 'nodeKey' | 'audit'>): boolean {
  return existsSync(nodeKey) || existsSync(audit);
}

/** What to say of a home without anything to read. */
export function neverStarted({ home }: Pick<HomePaths, 'home'>): TalosError {
  const fix = './talos up';
  return new TalosError('NOT_FOUND', `Talos was never started in ${home}; do so with: ${fix}`, { details: { fix } });
}
