import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import type { JsonValue } from '../../../domain/json.ts';
import { judgeCase } from '../../../domain/skills/judge-case.ts';
import { scanBundle } from '../../../domain/skills/scan.ts';
import { writeDocument } from '../../../domain/skills/skill-document.ts';
import { builtInFolder as folder, builtInSkills as ids, contextOf, readBuiltIn as read, tools } from './built-in.ts';

describe('the built-in skills', () => {
  it('are the seven that the documentation names', () => {
    expect(ids.toSorted()).toEqual([
      'csv-summary',
      'date-arithmetic',
      'file-organiser',
      'http-json-call',
      'text-statistics',
      'unit-conversion',
      'web-page-to-text',
    ]);
  });

  it.each(ids)('%s reads cleanly, lies in a folder of its name and has nothing that stands out', async (id) => {
    const bundle = await read(id);
    expect(bundle.manifest.id).toBe(id);
    expect(bundle.cases.length).toBeGreaterThanOrEqual(4);
    expect(scanBundle(bundle)).toEqual([]);
  });

  it.each(ids)('%s has a question for each case, so that a model can be asked without it', async (id) => {
    expect((await read(id)).cases.filter(({ prompt }) => prompt === undefined)).toEqual([]);
  });

  it.each(ids)('%s gives what its cases expect, by its own schemas', async (id) => {
    const { manifest, cases } = await read(id);
    const { default: run } = (await import(join(folder, id, manifest.entry))) as {
      default: (...all: unknown[]) => unknown;
    };
    for (const one of cases) {
      const output = JSON.parse(JSON.stringify(await run(one.input, contextOf(one.replies)))) as JsonValue;
      expect({ case: one.id, ...judgeCase(one, output) }).toEqual({ case: one.id, pass: true });
      expect(tools.checkValue(manifest.output, output)).toEqual([]);
    }
  });

  it('say in SKILL.md what their manifest says', async () => {
    for (const id of ids) {
      const { files, manifest } = await read(id);
      expect(files['SKILL.md']).toContain(writeDocument(manifest).split('\n')[2]);
    }
  });
});
