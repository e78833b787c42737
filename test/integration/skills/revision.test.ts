import { afterEach, describe, expect, inject, it } from 'vitest';

import { historyText, type Script } from '../message/skill-script.ts';
import { double, makeSkill, mended, startNight } from './revision-support.ts';

describe('a night that looks at skills', () => {
  let open: Awaited<ReturnType<typeof startNight>>;

  async function start(script: Script, options: Parameters<typeof startNight>[2] = {}) {
    open = await startNight(inject('stack'), script, options);
    return open;
  }
  afterEach(() => open.talos.close());

  it('mends what failed, tests it against the version in use and puts it before the owner', async () => {
    const { model, skill, bundle, night, id, talos } = await start(() => mended());
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
    const { skill, skills, night } = await start(() => mended('export default ({ n }) => ({ n: n + n });'));
    expect((await night()).report).toMatchObject({ state: 'dropped', note: expect.stringContaining('mends nothing') });
    expect((await skill.life()).candidate).toBeUndefined();
    await skill.ended(await skill.run({ n: -5 }));
    skills.sandbox.follow(async ({ input }) => double('breaks all', input));
    expect((await night()).report).toMatchObject({ state: 'dropped' });
    expect((await skill.life()).candidate).toBeUndefined();
  });

  it('gives way to a version that is handed in while it is written', async () => {
    const handIn = async ({ talos, skills, id }: typeof open) => {
      const own = makeSkill(id, '2.0.0');
      await skills.skills.put(own);
      await talos.skillRuntime.submit({ id, hash: own.hash, by: 'owner' });
      return own.hash;
    };
    let hash = '';
    const { night, skill } = await start(async () => {
      hash = await handIn(open);
      return mended();
    });
    const { report } = await night();
    expect(report).toMatchObject({ state: 'dropped', note: expect.stringContaining('by now') });
    expect((await skill.reaches(hash, 'awaiting-approval')).candidate?.version).toBe('2.0.0');
  });

  it.each(['hands in a version', 'takes the skill out of use'])(
    'leaves it to the owner who meanwhile %s',
    async (what) => {
      let act = async () => {};
      const { skill, skills, talos, night, id } = await start(() => mended());
      if (what === 'hands in a version') act = async () => void (await skill.submit());
      else act = async () => void (await talos.skillRuntime.deprecate({ id, by: 'owner', reason: 'enough' }));
      let isFirst = true;
      skills.sandbox.follow(async ({ files, input }) => {
        if (isFirst) await act();
        isFirst = false;
        return double(files['main.js'] ?? '', input);
      });
      expect((await night()).report).toMatchObject({ state: 'dropped', note: expect.stringContaining('by now') });
      const { candidate } = await skill.life();
      expect(candidate?.version).not.toBe('1.0.1');
      expect(skills.skills.versions(id)).not.toContain('1.0.1');
      expect(talos.ports.audited.events().map(({ type }) => type)).not.toContain('revision-proposed');
    },
  );

  it('does not try the same failures a second time', async () => {
    const { model, night } = await start(() => mended('export default 1;'));
    await night();
    const asked = model.requests.length;
    const { report } = await night();
    expect(report).toMatchObject({ state: 'none', note: expect.stringContaining('failed as before') });
    expect(model.requests).toHaveLength(asked);
  });

  it('looks at the next skill when the one that failed most was tried with the same failures before', async () => {
    const { night, use, skill, id } = await start(() => mended('export default 1;'));
    await skill.ended(await skill.run({ n: -5 }));
    expect((await night()).report).toMatchObject({ state: 'dropped', skill: id });
    await use(`${id}-b`);
    expect((await night()).report).toMatchObject({ state: 'dropped', skill: `${id}-b` });
    expect((await night()).report).toMatchObject({ state: 'none', note: expect.stringContaining('failed as before') });
  });

  it('mends the form of an answer once, then drops it', async () => {
    const { model, night } = await start(() => 'Sure, here is the code!');
    const { report } = await night();
    expect(report).toMatchObject({ state: 'dropped', note: expect.stringContaining('did not keep to the form') });
    expect(model.requests).toHaveLength(2);
  });

  it('leaves skills alone below trust level 4, and when nothing failed', async () => {
    const careful = await start(() => mended(), { trustLevel: 3 });
    expect((await careful.night()).report).toMatchObject({
      state: 'none',
      note: expect.stringContaining('trust level 4'),
    });
    expect(careful.model.requests).toEqual([]);
    await careful.talos.close();
    const calm = await start(() => mended(), { fails: false });
    expect((await calm.night()).report).toMatchObject({
      state: 'none',
      note: expect.stringContaining('no skill failed'),
    });
  });

  it('keeps code, inputs and outputs out of the history', async () => {
    const { night, talos } = await start(() => mended());
    const { workflowId } = await night();
    expect(await historyText(talos.connection, workflowId)).not.toMatch(/export default|:-21\b|"n"/);
  });
});
