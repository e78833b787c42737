import { afterEach, describe, expect, inject, it } from 'vitest';

import { createBundleTools } from '../../../adapters/skill-reader.ts';
import { judgeCase } from '../../../domain/skills/judge-case.ts';
import { readBundle } from '../../../domain/skills/read-bundle.ts';
import { messageWorkflowId, skillDraftWorkflowId } from '../../../workflows/messages.ts';
import { createSkillTwins, type SkillTwins } from '../../support/skill-twins.ts';
import { startTalos } from '../../support/talos.ts';
import { newSkillId, skillDriver } from '../skills/support.ts';
import { historyText, type Script, scriptedModel } from './skill-script.ts';

type Talos = Awaited<ReturnType<typeof startTalos>>;
const tools = createBundleTools({ maxBytes: 1_000_000 });
const text = {
  type: 'object',
  properties: { text: { type: 'string' } },
  required: ['text'],
  additionalProperties: false,
};

describe('a wish for a skill', () => {
  let talos: Talos;
  let skills: SkillTwins;
  let id: string;

  /** What a model writes of a skill; `changes` spoil it. */
  const written = (changes: object = {}): string =>
    JSON.stringify({
      id,
      description: 'Writes a text in capitals.',
      input: text,
      output: text,
      code: 'export default async ({ text }) => ({ text: text.toUpperCase() });',
      cases: ['a', 'b', 'c'].map((letter) => ({
        id: `case-${letter}`,
        prompt: `Shout ${letter}`,
        input: { text: letter },
        expected: { text: letter.toUpperCase() },
      })),
      ...changes,
    });

  async function start(script: Script) {
    id = newSkillId();
    const model = scriptedModel(script);
    const valid = { pass: true } as const;
    skills = createSkillTwins({
      readBundle: (files) => readBundle(files, tools),
      checkInput: () => valid,
      checkOutput: () => valid,
      judgeCase,
    });
    skills.sandbox.follow(async ({ input }) => {
      const given = input as { text: string };
      return { verdict: 'ok', output: { text: given.text.toUpperCase() } };
    });
    talos = await startTalos(inject('stack'), { skills, wrap: model.wrap });
    await Promise.all((['core', 'gpu', 'sandbox'] as const).map((role) => talos.serve(role)));
    return model;
  }
  afterEach(() => talos.close());

  it('becomes a skill in quarantine, and the answer says where it stands and how to approve it', async () => {
    const model = await start(() => written());
    const ref = await talos.send('Make a skill that shouts a text');
    const record = await talos.settled(ref);
    expect(record).toMatchObject({ state: 'answered', model: 'talos-test' });
    expect(record.reply).toContain(`I have written the skill \`${id}\``);
    expect(record.reply).toContain(`talos skills approve ${id}`);
    expect(model.requests).toHaveLength(1);
    expect(model.requests[0]).toMatchObject({ format: { type: 'object' } });
    await expect
      .poll(async () => (await skills.catalog.get(id))?.candidate?.state, { timeout: 20_000 })
      .toBe('awaiting-approval');
    expect((await skills.catalog.get(id))?.active).toBeUndefined();
  });

  it('lets the model mend what does not read, and what fails its cases', async () => {
    const changes = [{ code: 1 }, { id: 'No Id!' }, { cases: [] }];
    const model = await start((_request, turn) => written(changes[turn - 1]));
    const record = await talos.settled(await talos.send('Make a skill that shouts a text'));
    expect(record.reply).toContain('try 3'); // the first answer was mended at once: it was no skill at all
    const heard = model.requests.map(({ messages }) => messages.at(-1)?.content ?? '');
    expect(heard[1]).toContain('not the JSON that was asked for');
    expect(heard[2]).toContain('lower-case letters');
    expect(model.requests.every(({ messages }) => messages.length <= 4)).toBe(true);
  });

  it('is given up after three repairs, in plain words, and nothing is kept', async () => {
    const wrong = { id: 'case-a', prompt: 'Shout a', input: { text: 'a' }, expected: { text: 'b' } };
    const good = ['b', 'c'].map((one) => ({
      ...wrong,
      id: one,
      input: { text: one },
      expected: { text: one.toUpperCase() },
    }));
    const model = await start(() => written({ cases: [wrong, ...good] }));
    const record = await talos.settled(await talos.send('Make a skill that shouts a text'));
    expect(record.reply).toContain('I could not make this skill; nothing was kept of it. After 4 tries');
    expect(record.reply).toContain('case case-a: invalid-output');
    expect(model.requests).toHaveLength(4);
    expect(await skills.catalog.get(id)).toBeUndefined();
  });

  it('never takes the place of a skill that exists, however often the model tries', async () => {
    const model = await start((_request, turn) => written(turn === 1 ? {} : { id: `${id}-two` }));
    await talos.settled(await talos.send('Make a skill that shouts a text'));
    await talos.settled(await talos.send('Make a skill that shouts a text'));
    expect(model.requests).toHaveLength(2);
    expect(await skills.catalog.get(`${id}-two`)).toBeDefined();
    const third = await talos.settled(await talos.send('Make a skill that shouts a text'));
    expect(third.reply).toContain('already');
  });

  it('never takes the place of one that is handed in while it is tried', async () => {
    await start(() => written());
    const handIn = { isDone: false };
    skills.sandbox.follow(async ({ input }) => {
      if (typeof input === 'number') return undefined; // the one that is handed in passes its own cases, so that it stays
      if (!handIn.isDone) {
        handIn.isDone = true;
        await skillDriver(talos, id).submit();
      }
      const { text: given = '' } = Object(input) as { text?: string };
      return { verdict: 'ok', output: { text: given.toUpperCase() } };
    });
    const record = await talos.settled(await talos.send('Make a skill that shouts a text'));
    expect(record.reply).toContain('another version by now');
    const life = await skillDriver(talos, id).life();
    expect([life.candidate, ...life.past].map((one) => one?.version)).not.toContain('0.1.0');
  });

  it('stopped: ends the writing, too', async () => {
    await start(() => written());
    const began = Promise.withResolvers<void>();
    skills.sandbox.follow(async (_request, signal) => {
      began.resolve();
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      return { verdict: 'cancelled' };
    });
    const ref = await talos.send('Make a skill that shouts a text');
    await began.promise;
    await talos.ports.runtime.stopMessage(ref);
    expect(await talos.settled(ref)).toMatchObject({ state: 'stopped' });
    expect(await skills.catalog.get(id)).toBeUndefined();
  });

  it('leaves neither the wish nor the code in a history', async () => {
    await start(() => written());
    const ref = await talos.send('Make a skill that shouts a text');
    await talos.settled(ref);
    const message = await historyText(talos.connection, messageWorkflowId(ref));
    const [, key = ''] = /skill-draft\/([\w-]+)/.exec(message) ?? [];
    const draft = await historyText(talos.connection, skillDraftWorkflowId(key));
    expect(draft).toContain(id);
    expect(message + draft).not.toMatch(/shouts a text|toUpperCase|capitals/);
  });

  it('that asks for the cloud is never met here instead', async () => {
    const model = await start(() => written());
    const ref = await talos.send('Make a skill that shouts a text', { options: { route: 'cloud' } });
    expect(await talos.settled(ref)).toMatchObject({ state: 'failed', error: { code: 'CLOUD_NOT_CONFIGURED' } });
    expect(model.requests).toEqual([]);
    expect(await skills.catalog.get(id)).toBeUndefined();
  });

  it('only talked about is answered like any other message', async () => {
    await start(() => 'It depends.');
    expect(await talos.settled(await talos.send('What does "make a skill that shouts" do?'))).toMatchObject({
      reply: 'It depends.',
    });
  });
});
