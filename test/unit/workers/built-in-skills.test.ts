import { cpSync, readdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { beforeEach, describe, expect, it } from 'vitest';

import { createMemorySkillCatalog } from '../../../adapters/memory/skill-catalog.ts';
import { createMemorySkillStore } from '../../../adapters/memory/skill-store.ts';
import { createBundleTools } from '../../../adapters/skill-reader.ts';
import { TalosError } from '../../../domain/errors.ts';
import type { SkillRuntime } from '../../../domain/skills/ports.ts';
import type { SkillLife } from '../../../domain/skills/life.ts';
import { submitBuiltInSkills } from '../../../workers/built-in-skills.ts';
import { scratchFolder } from '../../support/scratch-folder.ts';

const shipped = fileURLToPath(new URL('../../../skills', import.meta.url));
const names = readdirSync(shipped).toSorted();
const tools = createBundleTools({ maxBytes: 1_048_576 });

describe('the skills that come with Talos', () => {
  const catalog = createMemorySkillCatalog();
  const skills = createMemorySkillStore();
  let warnings: string[];
  let submitted: string[];
  let submit: SkillRuntime['submit'];

  beforeEach(() => {
    warnings = [];
    submitted = [];
    submit = async ({ id, hash, by }) => {
      submitted.push(`${id} by ${by}`);
      const life = lifeOf(id, hash);
      await catalog.put(life);
      return life;
    };
  });

  function handIn(folder?: string): Promise<void> {
    const note = (_fields: object, message: string) => void warnings.push(message);
    const logger = { debug: note, info: note, warn: note, error: note };
    const skillRuntime = { submit: (order: Parameters<typeof submit>[0]) => submit(order) };
    return submitBuiltInSkills({ skills, catalog, tools, skillRuntime, logger }, folder);
  }

  it('that cannot be handed in now are told, and come with the next start', async () => {
    submit = () => Promise.reject(new TalosError('RUNTIME_UNAVAILABLE', 'Temporal is away'));
    await handIn();
    expect(warnings).toHaveLength(names.length);
    expect(warnings[0]).toContain('Temporal is away');
  });

  it('are handed in once for each version, by Talos and not by the owner', async () => {
    await handIn();
    expect(submitted).toEqual(names.map((name) => `${name} by talos`));
    await handIn();
    expect(submitted).toHaveLength(names.length);
    expect(warnings).toEqual([]);
  });

  it('do not keep one another back when one is damaged', async () => {
    const folder = scratchFolder();
    cpSync(shipped, folder, { recursive: true });
    writeFileSync(`${folder}/${names[0]}/skill.json`, '{');
    writeFileSync(`${folder}/${names[1]}/SKILL.md`, `---\nname: ${names[1]}\ndescription: another version\n---\n`);
    await handIn(folder);
    expect(warnings).toHaveLength(1);
    expect(submitted).toEqual([`${names[1]} by talos`]);
  });
});

function lifeOf(id: string, hash: string): SkillLife {
  const version = {
    hash,
    version: '1.0.0',
    state: 'quarantined',
    runs: [],
    findings: [],
    strikes: [],
    submittedAt: 1,
    changedAt: 1,
  } as const;
  return { id, candidate: { ...version, runs: [], findings: [], strikes: [] }, past: [], changes: 1 };
}
