import { availableParallelism } from 'node:os';

import { expect, it } from 'vitest';

import { limitScript, nodeRuntime } from '../../../../adapters/sandbox/bubblewrap-arguments.ts';
import { SkillLimits } from '../../../../domain/skills/manifest.ts';

it('leaves the longest run the processor time of all cores, so that its end is a timeout and not a kill', () => {
  const runtime = nodeRuntime({ program: '/n', runner: '/r', libraries: [] });
  const script = limitScript(runtime, { runtime: 'node', memoryMiB: 64 }, false);
  const seconds = Number(/ulimit -t (\d+)/.exec(script)?.[1]);
  const longest = 300_000;
  expect(SkillLimits.safeParse({ timeoutMs: longest + 1 }).success).toBe(false);
  expect(seconds * 1000).toBeGreaterThan(longest * availableParallelism());
});
