import { beforeEach, describe, expect, it } from 'vitest';

import type { SkillCatalog } from '../../domain/skills/ports.ts';
import { inUse, waiting } from '../unit/domain/skills/build.ts';

/** What every catalogue of skills does; `create` gives an empty one. */
export function describeSkillCatalog(name: string, create: () => Promise<SkillCatalog>) {
  describe(name, () => {
    let catalog: SkillCatalog;
    beforeEach(async () => {
      catalog = await create();
    });

    it('gives back what it was given', async () => {
      const life = inUse('b', inUse('a'));
      await catalog.put(life);
      expect(await catalog.get(life.id)).toEqual(life);
      expect(await catalog.list()).toEqual([life]);
    });

    it('knows nothing of an unknown skill', async () => {
      expect(await catalog.get('unknown')).toBeUndefined();
      expect(await catalog.list()).toEqual([]);
    });

    it('keeps the later life, in whatever order they come', async () => {
      const [earlier, later] = [waiting('a'), inUse('a')];
      await catalog.put(later);
      await catalog.put(earlier);
      expect(await catalog.get(later.id)).toEqual(later);
    });

    it('tells an announcement that was made before, and when', async () => {
      const change = { id: 'a', changes: 7, at: 1_800_000_000_000 };
      expect(await catalog.announce(change)).toBeUndefined();
      expect(await catalog.announce({ ...change, at: change.at + 5 })).toBe(change.at);
      expect(await catalog.announce({ ...change, id: 'b' })).toBeUndefined();
      expect(await catalog.announce({ ...change, changes: 8 })).toBeUndefined();
      expect(await catalog.get('a')).toBeUndefined();
    });

    it('remembers what skills run on', async () => {
      expect(await catalog.ground()).toBeUndefined();
      await catalog.keepGround('Talos 1');
      await catalog.keepGround('Talos 2');
      expect(await catalog.ground()).toBe('Talos 2');
      expect(await catalog.list()).toEqual([]);
    });

    it('lists two hundred skills by id', async () => {
      const life = inUse('b', inUse('a'));
      const ids = Array.from({ length: 200 }, (_, index) => `skill-${String(index).padStart(3, '0')}`);
      await Promise.all(ids.toReversed().map((id) => catalog.put({ ...life, id })));
      expect((await catalog.list()).map(({ id }) => id)).toEqual(ids);
    });
  });
}
