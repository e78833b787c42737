import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { expect } from 'vitest';

import { readTextFolder } from '../../../adapters/skill-folder.ts';
import { createBundleTools } from '../../../adapters/skill-reader.ts';
import type { JsonValue } from '../../../domain/json.ts';
import { parseAnswer } from '../../../domain/sandbox/answer.ts';
import type { SkillBundle } from '../../../domain/skills/bundle.ts';
import { certificateFile } from '../../../domain/skills/bundle-files.ts';
import { scriptedPowers } from '../../../domain/skills/case-replies.ts';
import type { EvalCase } from '../../../domain/skills/cases.ts';
import { readBundle } from '../../../domain/skills/read-bundle.ts';
import { root } from '../../architecture/run-tool.ts';

/** Where the skills lie that come with Talos. */
export const builtInFolder = join(root, 'skills');
/** What reading them takes. */
export const tools = createBundleTools({ maxBytes: 1_048_576 });
/** Their names. */
export const builtInSkills = readdirSync(builtInFolder);

/** One of them, checked. */
export async function readBuiltIn(id: string): Promise<SkillBundle> {
  const files = await readTextFolder(join(builtInFolder, id), {
    maxBytes: tools.maxBytes,
    skips: (path) => path === certificateFile,
    emptyFolders: 'refused',
  });
  return readBundle(files, tools);
}

/** What a skill gets as its second argument, as the runner of the sandbox makes it. */
export function contextOf(replies: EvalCase['replies']) {
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

/** What the run of a built-in skill answers, as the host would take it: a fault would be a strike. */
export async function answer(id: string, input: JsonValue, context: object = {}): Promise<JsonValue> {
  const { manifest } = await readBuiltIn(id);
  expect(tools.checkValue(manifest.input, input)).toEqual([]);
  const { default: run } = (await import(join(builtInFolder, id, manifest.entry))) as {
    default: (...all: unknown[]) => unknown;
  };
  const text = JSON.stringify(await run(input, context));
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(manifest.limits.outputBytes);
  const read = parseAnswer(text);
  if ('refused' in read) throw new Error(read.refused);
  expect(tools.checkValue(manifest.output, read.output)).toEqual([]);
  return read.output;
}

/** The answer of a built-in skill to what it cannot do. */
export const problem = (text: string) => ({ problem: expect.stringContaining(text) });
