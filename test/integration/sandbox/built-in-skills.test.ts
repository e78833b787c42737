import { afterAll, describe, expect, it } from 'vitest';

import { createBubblewrapDriver } from '../../../adapters/sandbox/bubblewrap.ts';
import { createSandbox } from '../../../adapters/sandbox/sandbox.ts';
import type { JsonValue } from '../../../domain/json.ts';
import { readBuiltIn } from '../../unit/skills/built-in.ts';

const sandbox = createSandbox(createBubblewrapDriver());
afterAll(() => sandbox.close());

/** Runs a built-in skill on the largest input it takes, within the limits of its manifest. */
async function run(id: string, input: JsonValue, body = '') {
  const { manifest, files } = await readBuiltIn(id);
  const { language, entry, limits } = manifest;
  const reply = { status: 200, headers: {}, body, encoding: 'utf8' };
  const powers = { call: async () => reply, egress: () => [] };
  const request = { runId: `${id}.largest`, language, files, entry, input, limits, until: 'whole' } as const;
  return await sandbox.run(request, powers, AbortSignal.timeout(60_000));
}

describe('a built-in skill', () => {
  it.each([
    ['text-statistics', { text: 'a b '.repeat(50_000) }],
    ['text-statistics', { text: 'e\u0301 😀'.repeat(40_000) }],
    ['csv-summary', { csv: 'a\n1\n'.repeat(125_000) }],
    ['csv-summary', { csv: ','.repeat(500_000) }],
  ])('%s bears the largest input it takes', async (id, input) => {
    await sandbox.prove(AbortSignal.timeout(60_000));
    expect(await run(id, input)).toMatchObject({ verdict: 'ok' });
  });

  it.each([
    ['web-page-to-text', { url: 'https://en.wikipedia.org/x' }, `<p>${'<p>a'.repeat(524_000)}`],
    ['http-json-call', { url: 'https://api.github.com/x' }, `[${'1,'.repeat(1_048_000)}1]`],
  ])('%s bears the longest reply the host hands on', async (id, input, body) => {
    await sandbox.prove(AbortSignal.timeout(60_000));
    expect(await run(id, input, body)).toMatchObject({ verdict: 'ok' });
  });
});
