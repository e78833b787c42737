import { TalosError } from '../domain/errors.ts';
import type { SkillCatalog } from '../domain/skills/ports.ts';
import { SkillLife } from '../domain/skills/life.ts';
import { announceLifeScript, putLifeScript } from './lua/skills.ts';
import { readAll } from './read-all.ts';
import type { RedisConnections } from './redis.ts';

/** Lives of skills in one hash of Redis: hundreds of them are one round trip. */
export function createSkillCatalog({ keys, call, run }: RedisConnections): SkillCatalog {
  return {
    async announce({ id, changes, at }) {
      const before = await run(announceLifeScript, { keys: [keys.skillAnnouncements], args: [id, changes, at] });
      return typeof before === 'string' ? Number(before) : undefined;
    },

    async put(life) {
      const checked = SkillLife.parse(life);
      await run(putLifeScript, {
        keys: [keys.skillLives, keys.skillChanges],
        args: [checked.id, checked.changes, JSON.stringify(checked)],
      });
    },

    async get(id) {
      const json = await call((c) => c.hget(keys.skillLives, id));
      return json === null ? undefined : readLife(id, json);
    },

    async list() {
      const { items } = readAll(await call((c) => c.hgetall(keys.skillLives)), readLife);
      return items.toSorted((a, b) => (a.id < b.id ? -1 : 1));
    },

    unreadable: async () => readAll(await call((c) => c.hgetall(keys.skillLives)), readLife).unreadable,

    ground: async () => (await call((c) => c.get(keys.skillGround))) ?? undefined,
    keepGround: async (ground) => void (await call((c) => c.set(keys.skillGround, ground))),
  };
}

function readLife(id: string, json: string): SkillLife {
  try {
    return SkillLife.parse(JSON.parse(json));
  } catch (cause) {
    const message = `The life of skill ${id} is not stored as Talos writes it; start Talos anew, which asks its workflow, or restore a backup.`;
    throw new TalosError('INTERNAL', message, { cause });
  }
}
