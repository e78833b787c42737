import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createBubblewrapDriver } from '../../../adapters/sandbox/bubblewrap.ts';
import { createSandbox } from '../../../adapters/sandbox/sandbox.ts';
import { readSkillPath } from '../../../adapters/skill-archive.ts';
import { createBundleTools } from '../../../adapters/skill-reader.ts';
import { scriptedPowers } from '../../../domain/skills/case-replies.ts';
import { judgeCase } from '../../../domain/skills/judge-case.ts';
import { readBundle } from '../../../domain/skills/read-bundle.ts';
import { skillTemplate } from '../../../domain/skills/template.ts';

const maxBytes = 1_048_576;
const shipped = fileURLToPath(new URL('../../../skills', import.meta.url));
const tools = createBundleTools({ maxBytes });

describe('every case of a skill that comes with Talos, in a real sandbox', () => {
  const sandbox = createSandbox(createBubblewrapDriver());
  beforeAll(() => sandbox.prove(AbortSignal.timeout(60_000)));
  afterAll(() => sandbox.close());

  async function runCases(files: Readonly<Record<string, string>>): Promise<void> {
    const { manifest, cases, files: own } = readBundle(files, tools);
    expect(cases.length).toBeGreaterThanOrEqual(3);
    for (const evalCase of cases) {
      const powers = scriptedPowers(evalCase.replies ?? []);
      const report = await sandbox.run(
        {
          runId: `${manifest.id}.${evalCase.id}`,
          language: manifest.language,
          files: own,
          entry: manifest.entry,
          input: evalCase.input,
          limits: manifest.limits,
          until: 'whole',
        },
        powers,
        AbortSignal.timeout(20_000),
      );
      expect(report, `${evalCase.id}: ${report.reason ?? ''} ${report.log}`).toMatchObject({ verdict: 'ok' });
      expect(tools.checkValue(manifest.output, report.output ?? null), evalCase.id).toEqual([]);
      expect(judgeCase(evalCase, report.output ?? null), evalCase.id).toEqual({ pass: true });
    }
  }

  it.each(readdirSync(shipped))('%s', async (id) => {
    await runCases((await readSkillPath(`${shipped}/${id}`, { maxBytes })).files);
  });

  it.each(['js', 'ts', 'py'] as const)('the template of a skill in %s', async (language) => {
    await runCases(skillTemplate('hello', language));
  });
});
