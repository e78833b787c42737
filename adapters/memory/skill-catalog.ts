import type { SkillCatalog } from '../../domain/skills/ports.ts';
import type { SkillLife } from '../../domain/skills/life.ts';

/** Lives of skills in memory. */
export function createMemorySkillCatalog(): SkillCatalog {
  const lives = new Map<string, SkillLife>();
  const announced = new Map<string, { changes: number; at: number }>();
  let kept: string | undefined;
  return {
    async announce({ id, ...change }) {
      const known = announced.get(id);
      if (known?.changes === change.changes) return known.at;
      announced.set(id, change);
      return undefined;
    },
    async put(life) {
      if ((lives.get(life.id)?.changes ?? -1) <= life.changes) lives.set(life.id, structuredClone(life));
    },
    get: async (id) => lives.get(id),
    list: async () => [...lives.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    unreadable: async () => [],
    ground: async () => kept,
    async keepGround(ground) {
      kept = ground;
    },
  };
}
