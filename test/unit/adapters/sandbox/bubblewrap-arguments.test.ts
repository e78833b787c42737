import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { limitScript, nodeRuntime } from '../../../../adapters/sandbox/bubblewrap-arguments.ts';
import { SkillLimits } from '../../../../domain/skills/manifest.ts';
import { scratchFolder } from '../../../support/scratch-folder.ts';

const runtime = nodeRuntime({ program: '/n', runner: '/r', libraries: [] });
const kind = { runtime: 'node', memoryMiB: 64 } as const;

/** What a shell prints that has gone through the script with these files as entrances: its descriptors. */
function descriptorsBehind(entrances: readonly string[]): { status: number | null; stdout: string } {
  const files = entrances.map((path) => openSync(path, 'w'));
  const words = ['-c', limitScript(runtime, kind, files.length), 'sh', '/bin/sh', '-c', 'echo /dev/fd/*'];
  const { status, stdout } = spawnSync('/bin/sh', words, {
    stdio: ['ignore', 'pipe', 'ignore', 'ignore', ...files],
    encoding: 'utf8',
  });
  files.forEach(closeSync);
  return { status, stdout };
}

it('goes in by every entrance, and hands none of them on', () => {
  const entrances = ['a', 'b'].map((name) => join(scratchFolder(), name));
  expect(descriptorsBehind(entrances)).toEqual(descriptorsBehind([]));
  expect(entrances.map((path) => readFileSync(path, 'utf8'))).toEqual(['0\n', '0\n']);
});

it('starts nothing where an entrance is shut', () => {
  const open = join(scratchFolder(), 'a');
  expect(descriptorsBehind(['/dev/full', open])).toMatchObject({ status: expect.any(Number), stdout: '' });
  expect(descriptorsBehind([open, '/dev/full']).status).not.toBe(0);
  expect(descriptorsBehind([open]).status).toBe(0);
});

it('leaves the longest run the processor time of all cores, so that its end is a timeout and not a kill', () => {
  const script = limitScript(runtime, kind, 0);
  const seconds = Number(/ulimit -t (\d+)/.exec(script)?.[1]);
  const longest = 300_000;
  expect(SkillLimits.safeParse({ timeoutMs: longest + 1 }).success).toBe(false);
  expect(seconds * 1000).toBeGreaterThan(longest * availableParallelism());
});
