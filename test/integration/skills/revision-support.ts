import { randomUUID } from 'node:crypto';

import { Client } from '@temporalio/client';

import { createBundleTools } from '../../../adapters/skill-reader.ts';
import { canonicalJson } from '../../../domain/canonical-json.ts';
import type { RevisionReport } from '../../../domain/night/run.ts';
import type { SkillRules } from '../../../domain/skills/ports.ts';
import type { SkillBundle } from '../../../domain/skills/bundle.ts';
import { judgeCase } from '../../../domain/skills/judge-case.ts';
import { readBundle } from '../../../domain/skills/read-bundle.ts';
import { createSkillTwins } from '../../support/skill-twins.ts';
import type { TestStack } from '../../support/stack.ts';
import { startTalos } from '../../support/talos.ts';
import { type Script, scriptedModel } from '../message/skill-script.ts';
import { newSkillId, skillDriver } from './support.ts';

const tools = createBundleTools({ maxBytes: 1_000_000 });
const valid = { pass: true } as const;

/** What a sandbox would make of the code of these tests: it doubles, negative numbers only where the code says so. */
export function double(code: string, input: unknown) {
  const { n } = input as { n: number };
  if (code.includes('breaks all')) return { verdict: 'ok', output: { n: 0 } } as const;
  if (n < 0 && !code.includes('negative')) return { verdict: 'exception', reason: 'too small' } as const;
  return { verdict: 'ok', output: { n: 2 * n } } as const;
}

/** What a model writes that mends the skill; other code mends nothing. */
export function mended(code = 'export default /* negative */ ({ n }) => ({ n: 2 * n });'): string {
  return JSON.stringify({ code, expected: [{ number: 1, output: { n: -42 } }] });
}

/** A skill that doubles, as it is handed in. */
export function makeSkill(id: string, version = '1.0.0'): SkillBundle {
  const number = { type: 'object', properties: { n: { type: 'number' } }, required: ['n'] };
  const evals = [1, 2, 3].map((n) => ({ id: `case-${n}`, input: { n }, expected: { n: 2 * n } }));
  const text = (value: object) => JSON.stringify(value);
  const manifest = { id, version, description: 'doubles', language: 'js', entry: 'main.js' };
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

type NightOptions = {
  readonly trustLevel?: number;
  readonly fails?: boolean;
  readonly answerAlone?: SkillRules['answerAlone'];
};

/** A Talos with an active skill that failed at a negative number. */
export async function startNight(
  stack: TestStack,
  script: Script,
  { trustLevel = 4, fails = true, answerAlone = async () => undefined }: NightOptions = {},
) {
  const id = newSkillId();
  const model = scriptedModel(script);
  const skills = createSkillTwins({
    readBundle: (files) => readBundle(files, tools),
    checkInput: () => valid,
    checkOutput: () => valid,
    judgeCase,
    answerAlone,
    hashJson: (value) => tools.hash(canonicalJson(value)),
  });
  skills.sandbox.follow(async ({ files, input }) => double(files['main.js'] ?? '', input));
  const talos = await startTalos(stack, { skills, wrap: model.wrap, trustLevel });
  await Promise.all((['core', 'gpu', 'sandbox'] as const).map((role) => talos.serve(role)));
  const use = async (name: string) => {
    const skill = skillDriver(talos, name);
    const bundle = makeSkill(name);
    await skills.skills.put(bundle);
    await talos.skillRuntime.submit({ id: name, hash: bundle.hash, by: 'owner' });
    await skill.reaches(bundle.hash, 'awaiting-approval');
    await skill.approve(bundle.hash);
    if (fails) await skill.ended(await skill.run({ n: -21 }));
    return { skill, bundle };
  };
  const { skill, bundle } = await use(id);

  return {
    talos,
    skills,
    id,
    model,
    skill,
    bundle,

    /** Puts another skill in use, which fails at the same number. */
    use,

    /** Lets the agent look at the skills once. */
    night: async (): Promise<{ report: RevisionReport; workflowId: string }> => {
      const client = new Client({ connection: talos.connection, namespace: 'talos' });
      const workflowId = `night-revision/${randomUUID()}`;
      const args = [{ queueWaitSeconds: 30 }];
      const { taskQueue } = talos;
      const report: RevisionReport = await client.workflow.execute('nightRevision', { workflowId, taskQueue, args });
      return { report, workflowId };
    },
  };
}
