import { expect, it } from 'vitest';

import { createMemorySkillCatalog } from '../../../adapters/memory/skill-catalog.ts';
import { TalosError } from '../../../domain/errors.ts';
import { keepLives } from '../../../workers/keep-lives.ts';
import { inUse } from '../domain/skills/build.ts';

it('copies a life the catalogue cannot read from its workflow, and goes on where that fails', async () => {
  const catalog = createMemorySkillCatalog();
  const life = inUse('a');
  await catalog.put({ ...life, id: 'sound' });
  const problem = 'The life of a skill is not stored as Talos writes it.';
  const unreadable = async () => ['lost', 'broken'].map((id) => ({ id, problem }));
  const told: unknown[] = [];
  const note = (fields: object, message: string) => void told.push({ ...fields, message });
  const logger = { debug: note, info: note, warn: note, error: note, child: () => logger };
  const goneOn: string[] = [];
  await keepLives({
    catalog: { ...catalog, unreadable },
    skillRuntime: {
      goOn: async (id) => void goneOn.push(id),
      async life(id) {
        if (id === 'lost') throw new TalosError('RUNTIME_UNAVAILABLE', 'It is away.');
        return { ...life, id };
      },
    },
    logger,
  });
  expect((await catalog.list()).map(({ id }) => id)).toEqual(['broken', 'sound']);
  expect(goneOn).toEqual(['broken', 'sound']);
  expect(told).toMatchObject([
    { skill: 'lost', code: 'RUNTIME_UNAVAILABLE', message: problem },
    { skill: 'broken', isMended: true, message: problem },
  ]);
});
