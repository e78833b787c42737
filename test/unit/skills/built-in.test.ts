import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { readTextFolder } from '../../../adapters/skill-folder.ts';
import { createBundleTools } from '../../../adapters/skill-reader.ts';
import type { JsonValue } from '../../../domain/json.ts';
import type { SkillBundle } from '../../../domain/skills/bundle.ts';
import { certificateFile } from '../../../domain/skills/bundle-files.ts';
import { scriptedPowers } from '../../../domain/skills/case-replies.ts';
import type { EvalCase } from '../../../domain/skills/cases.ts';
import { judgeCase } from '../../../domain/skills/judge-case.ts';
import { readBundle } from '../../../domain/skills/read-bundle.ts';
import { scanBundle } from '../../../domain/skills/scan.ts';
import { writeDocument } from '../../../domain/skills/skill-document.ts';
import { root } from '../../architecture/run-tool.ts';

const folder = join(root, 'skills');
const tools = createBundleTools({ maxBytes: 1_048_576 });
const ids = readdirSync(folder);

async function read(id: string): Promise<SkillBundle> {
  const files = await readTextFolder(join(folder, id), {
    maxBytes: tools.maxBytes,
    skips: (path) => path === certificateFile,
    emptyFolders: 'refused',
  });
  return readBundle(files, tools);
}

/** What a skill gets as its second argument, as the runner of the sandbox makes it. */
function contextOf(replies: EvalCase['replies']) {
  const powers = scriptedPowers(replies ?? []);
  const call = (power: Parameters<typeof powers.call>[0], input: object) =>
    powers.call(power, JSON.parse(JSON.stringify(input)) as JsonValue, AbortSignal.timeout(5000));
  return {
    log: () => undefined,
    fetch: async (url: string, options: object) => {
      const reply = (await call('fetch', { ...options, url })) as { status: number; body: string };
      return { ...reply, text: async () => reply.body };
    },
    folder: (name: string) => ({
      list: (path = '') => call('folder', { name, action: 'list', path }),
      mkdir: (path: string) => call('folder', { name, action: 'mkdir', path }),
      move: (path: string, to: string) => call('folder', { name, action: 'move', path, to }),
    }),
  };
}

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
