import type { SkillDrafts } from '../domain/skills/ports.ts';
import { newDraft, SkillDraft } from '../domain/skills/draft.ts';
import type { RedisConnections } from './redis.ts';
import { fromJson } from './stored-json.ts';

const staySeconds = 7 * 24 * 60 * 60;

/** Skills being written, in Redis. */
export function createSkillDrafts({ keys, call }: RedisConnections): SkillDrafts {
  async function get(key: string): Promise<SkillDraft | undefined> {
    const json = await call((c) => c.get(keys.draft(key)));
    return json === null ? undefined : fromJson(SkillDraft, json, 'A draft');
  }

  return {
    get,

    async begin(given) {
      const draft = newDraft(given);
      await call((c) => c.set(keys.draft(draft.key), JSON.stringify(draft), 'EX', staySeconds, 'NX'));
      return (await get(draft.key)) ?? draft;
    },

    async save(draft) {
      await call((c) => c.set(keys.draft(draft.key), JSON.stringify(SkillDraft.parse(draft)), 'EX', staySeconds));
    },
  };
}
