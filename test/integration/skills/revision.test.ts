import { randomUUID } from 'node:crypto';

import { Client } from '@temporalio/client';
import { afterEach, describe, expect, inject, it } from 'vitest';

import { createBundleTools } from '../../../adapters/skill-reader.ts';
import { canonicalJson } from '../../../domain/canonical-json.ts';
import type { RevisionReport } from '../../../domain/night/run.ts';
import type { SkillBundle } from '../../../domain/skills/bundle.ts';
import { judgeCase } from '../../../domain/skills/judge-case.ts';
import { readBundle } from '../../../domain/skills/read-bundle.ts';
import { createSkillTwins, type SkillTwins } from '../../support/skill-twins.ts';
import { startTalos } from '../../support/talos.ts';
import { historyText, type Script, scriptedModel } from '../message/skill-script.ts';
import { newSkillId, skillDriver } from './support.ts';

type Talos = Awaited<ReturnType<typeof startTalos>>;
const tools = createBundleTools({ maxBytes: 1_000_000 });
const valid = { pass: true } as const;

/** What a sandbox would make of the code of these tests: it doubles, negative numbers only where the code says so. */
function double(code: string, input: unknown) {
  const { n } = input as { n: number };
  if (code.includes('breaks all')) return { verdict: 'ok', output: { n: 0 } } as const;
  if (n < 0 && !code.includes('negative')) return { verdict: 'exception', reason: 'too small' } as const;
  return { verdict: 'ok', output: { n: 2 * n } } as const;
}

describe('a night that looks at skills', () => {
  let talos: Talos;
  let skills: SkillTwins;
  let id: string;

  const mended = (code = 'export default /* negative */ ({ n }) => ({ n: 2 * n });') =>
    JSON.stringify({ code, expected: [{ number: 1, output: { n: -42 } }] });

  function makeSkill(): SkillBundle {
    const number = { type: 'object', properties: { n: { type: 'number' } }, required: ['n'] };
    const evals = [1, 2, 3].map((n) => ({ id: `case-${n}`, input: { n }, expected: { n: 2 * n } }));
    const text = (value: object) => JSON.stringify(value);
    const manifest = { id, version: '1.0.0', description: 'doubles', language: 'js', entry: 'main.js' };
    return readBundle(
      {
        'SKILL.md': `---\nname: ${id}\ndescription: doubles\n---\n\nIt doubles.\n`,
        'skill.json': text({ ...manifest, input: number, output: number }),
        'main.js': 'export default ({ n }) => ({ n: 2 * n });\n',
        'evals/evals.json': text({ skill_name: id, evals }),
      },
      tools,
    );
  }

  /** A Talos with an active skill that failed at a negative number. */
  async function start(script: Script, { trustLevel = 4, fails = true } = {}) {
    id = newSkillId();
    const model = scriptedModel(script);
    skills = createSkillTwins({
      readBundle: (files) => readBundle(files, tools),
      checkInput: () => valid,
      checkOutput: () => valid,
      judgeCase,
      hashJson: (value) => tools.hash(canonicalJson(value)),
    });
    skills.sandbox.follow(async ({ files, input }) => double(files['main.js'] ?? '', input));
    talos = await startTalos(inject('stack'), { skills, wrap: model.wrap, trustLevel });
    await Promise.all((['core', 'gpu', 'sandbox'] as const).map((role) => talos.serve(role)));
    const skill = skillDriver(talos, id);
    const bundle = makeSkill();
    await skills.skills.put(bundle);
    await talos.skillRuntime.submit({ id, hash: bundle.hash, by: 'owner' });
    await skill.reaches(bundle.hash, 'awaiting-approval');
    await skill.approve(bundle.hash);
    if (fails) await skill.ended(await skill.run({ n: -21 }));
    return { model, skill, bundle };
  }
  afterEach(() => talos.close());

  async function night(): Promise<{ report: RevisionReport; workflowId: string }> {
    const client = new Client({ connection: talos.connection, namespace: 'talos' });
    const workflowId = `night-revision/${randomUUID()}`;
    const args = [{ queueWaitSeconds: 30 }];
    const report: RevisionReport = await client.workflow.execute('nightRevision', {
      workflowId,
      taskQueue: talos.taskQueue,
      args,
    });
    return { report, workflowId };
  }

  it('mends what failed, tests it against the version in use and puts it before the owner', async () => {
    const { model, skill, bundle } = await start(() => mended());
    const { report } = await night();
    expect(report).toMatchObject({ state: 'proposed', skill: id, note: expect.stringContaining('4 of 4 cases pass') });
    const { candidate, active } = await skill.life();
    expect(active?.hash).toBe(bundle.hash);
    const waiting = await skill.reaches(candidate?.hash ?? '', 'awaiting-approval');
    expect(waiting.candidate?.version).toBe('1.0.1');
    expect(model.requests[0]?.messages[1]?.content).toContain('Failed input 1: {"n":-21}');
    expect(talos.ports.audited.events().map(({ type }) => type)).toContain('revision-proposed');
  });

  it('drops a revision that mends nothing, and one that breaks what worked, and says so', async () => {
    const { skill } = await start(() => mended('export default ({ n }) => ({ n: n + n });'));
    expect((await night()).report).toMatchObject({ state: 'dropped', note: expect.stringContaining('mends nothing') });
    expect((await skill.life()).candidate).toBeUndefined();
    await skill.ended(await skill.run({ n: -5 }));
    skills.sandbox.follow(async ({ input }) => double('breaks all', input));
    expect((await night()).report).toMatchObject({ state: 'dropped' });
    expect((await skill.life()).candidate).toBeUndefined();
  });

  it('does not try the same failures a second time', async () => {
    const { model } = await start(() => mended('export default 1;'));
    await night();
    const asked = model.requests.length;
    const { report } = await night();
    expect(report).toMatchObject({ state: 'none', note: expect.stringContaining('failed as before') });
    expect(model.requests).toHaveLength(asked);
  });

  it('mends the form of an answer once, then drops it', async () => {
    const { model } = await start(() => 'Sure, here is the code!');
    const { report } = await night();
    expect(report).toMatchObject({ state: 'dropped', note: expect.stringContaining('did not keep to the form') });
    expect(model.requests).toHaveLength(2);
  });

  it('leaves skills alone below trust level 4, and when nothing failed', async () => {
    const { model } = await start(() => mended(), { trustLevel: 3 });
    expect((await night()).report).toMatchObject({ state: 'none', note: expect.stringContaining('trust level 4') });
    expect(model.requests).toEqual([]);
    await talos.close();
    await start(() => mended(), { fails: false });
    expect((await night()).report).toMatchObject({ state: 'none', note: expect.stringContaining('no skill failed') });
  });

  it('keeps code, inputs and outputs out of the history', async () => {
    await start(() => mended());
    const { workflowId } = await night();
    expect(await historyText(talos.connection, workflowId)).not.toMatch(/export default|-21|"n"/);
  });
});
