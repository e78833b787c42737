import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { createMemorySkillStore } from '../../adapters/memory/skill-store.ts';
import { createSkillFiles } from '../../adapters/skill-files.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { checkCertificate } from '../unit/domain/skills/certificates.ts';
import { tools } from '../unit/domain/skills/bundles.ts';
import { describeSkillStore } from './skill-store-suite.ts';

describeSkillStore('skill store in memory', async () => {
  const store = createMemorySkillStore();
  return { store, shelfOf: async ({ manifest, hash }) => store.shelfOf(manifest.id, hash) };
});

describeSkillStore('skill store in folders', async () => {
  const dir = join(scratchFolder(), 'skills');
  return {
    store: createSkillFiles({ dir, tools, now: Date.now, checkCertificate }),
    shelfOf: async ({ manifest, hash }) =>
      (['quarantine', 'active', 'deprecated'] as const).find((shelf) =>
        existsSync(join(dir, shelf, manifest.id, hash.slice(0, 12), 'skill.json')),
      ),
  };
});
