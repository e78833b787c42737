import type { SkillLife } from '../../../domain/skills/life.ts';
import { makeBundle } from '../../support/skill-twins.ts';
import { hashOf, inUse, waiting } from '../../unit/domain/skills/build.ts';
import type { TestApi } from './support.ts';

/** The skill of these tests. */
export const id = 'csv-summary';

/** Keeps a version whose hash is made of one letter. */
export async function keepVersion(api: TestApi, letter: string, options: Parameters<typeof makeBundle>[1] = {}) {
  await api.skills.put({ ...makeBundle(id, { code: letter, ...options }), hash: hashOf(letter) });
}

/** A skill whose version `a` waits for the owner. */
export async function keepWaiting(api: TestApi, change: Partial<SkillLife['candidate']> = {}): Promise<SkillLife> {
  await keepVersion(api, 'a');
  const life = waiting('a');
  const changed = { ...life, ...(life.candidate && { candidate: { ...life.candidate, ...change } }) };
  await api.catalog.put(changed);
  return changed;
}

/** A skill whose version `a` is active; with `revision`, version `b` waits for the owner. */
export async function keepActive(api: TestApi, { revision = false } = {}): Promise<SkillLife> {
  await keepVersion(api, 'a');
  await keepVersion(api, 'b', { version: '1.1.0', hosts: ['api.example.org'] });
  const life = revision ? waiting('b', inUse('a')) : inUse('a');
  await api.catalog.put(life);
  return life;
}
