import { Client } from '@temporalio/client';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';

import { createOllama } from '../../../adapters/ollama.ts';
import { createBubblewrapDriver } from '../../../adapters/sandbox/bubblewrap.ts';
import { createSandbox } from '../../../adapters/sandbox/sandbox.ts';
import { createBundleTools } from '../../../adapters/skill-reader.ts';
import { ensureTestModels } from '../../../adapters/test-model/ensure.ts';
import { canonicalJson } from '../../../domain/canonical-json.ts';
import { judgeCase } from '../../../domain/skills/judge-case.ts';
import { readBundle } from '../../../domain/skills/read-bundle.ts';
import { skillLifeWorkflowId } from '../../../workflows/messages.ts';
import { createSkillTwins } from '../../support/skill-twins.ts';
import { startTalos } from '../../support/talos.ts';
import { skillDriver } from './support.ts';

const tools = createBundleTools({ maxBytes: 1_000_000 });
const judge = (problems: readonly string[]) =>
  problems.length === 0 ? ({ pass: true } as const) : ({ pass: false, reason: problems.join('; ') } as const);

const sandbox = createSandbox(createBubblewrapDriver());
let talos: Awaited<ReturnType<typeof startTalos>>;

beforeAll(async () => {
  const { ollama: url } = inject('stack');
  await ensureTestModels({ url, signal: AbortSignal.timeout(60_000) });
  await sandbox.prove(AbortSignal.timeout(60_000));
  const twins = createSkillTwins({
    readBundle: (files) => readBundle(files, tools),
    checkInput: ({ manifest }, value) => judge(tools.checkValue(manifest.input, value)),
    checkOutput: ({ manifest }, value) => judge(tools.checkValue(manifest.output, value)),
    hashJson: (value) => tools.hash(canonicalJson(value)),
    judgeCase,
  });
  const skills = { ...twins, sandbox: { ...twins.sandbox, ...sandbox } };
  talos = await startTalos(inject('stack'), { skills, wrap: (ports) => ({ ...ports, model: createOllama({ url }) }) });
  await Promise.all((['core', 'gpu', 'sandbox'] as const).map((role) => talos.serve(role)));
});
afterAll(async () => {
  const client = new Client({ connection: talos.connection, namespace: 'talos' });
  await client.workflow.getHandle(skillLifeWorkflowId('shout')).terminate('the test is over');
  await talos.close();
  await sandbox.close();
});

it('leads from a wish over quarantine and the owner to a skill that answers, with a real model server and a real sandbox', async () => {
  const before = await talos.settled(await talos.send('shout hello please'));
  expect(before).toMatchObject({ reply: 'Hello from the built-in test model.' });

  const wish = await talos.settled(await talos.send('Make a skill that shouts a text'));
  expect(wish).toMatchObject({ state: 'answered', model: 'talos-test' });
  expect(wish.reply).toContain('I have written the skill `shout`');

  const skill = skillDriver(talos, 'shout');
  const { candidate } = await skill.life();
  const hash = candidate?.hash ?? '';
  await skill.reaches(hash, 'awaiting-approval');
  const asked = await talos.settled(await talos.send('shout hello please'));
  expect(asked).toMatchObject({ reply: 'Hello from the built-in test model.' });

  await skill.approve(hash);
  const use = async () => talos.settled(await talos.send('shout hello please'));
  // The list of skills in use is believed for half a second.
  await expect.poll(async () => (await use()).reply, { timeout: 15_000 }).toBe('Your skill says HELLO PLEASE');
  const answered = await use();
  expect(answered.steps).toMatchObject([{ id: '1-1', skill: 'shout', hash, verdict: 'ok', hosts: [] }]);
});
