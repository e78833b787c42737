import { afterEach, expect, it } from 'vitest';

import { createConfiguredSandbox } from '../../../adapters/sandbox/configured.ts';
import { parseConfig } from '../../../domain/config/parse.ts';
import type { Sandbox } from '../../../domain/skills/ports.ts';
import { scriptedPowers } from '../../../domain/skills/case-replies.ts';

let sandbox: Sandbox;
afterEach(() => sandbox.close());

it('ends a run after SANDBOX_TIMEOUT, whatever time the skill allows itself', async () => {
  sandbox = await createConfiguredSandbox(parseConfig({ HOME: '/nowhere', SANDBOX_TIMEOUT: '1' }));
  await sandbox.prove(AbortSignal.timeout(60_000));
  const files = { 'main.js': 'export default () => new Promise(() => setInterval(() => {}, 1000));' };
  const limits = { timeoutMs: 120_000, memoryMiB: 128, outputBytes: 1024 };
  const request = { runId: 'r', language: 'js', entry: 'main.js', input: null, until: 'first', files, limits } as const;
  const report = await sandbox.run(request, scriptedPowers([]), AbortSignal.timeout(30_000));
  expect(report).toMatchObject({ verdict: 'timeout', reason: 'it took longer than 1000 ms' });
});
