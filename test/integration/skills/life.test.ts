import { afterEach, describe, expect, it } from 'vitest';

import { createCertificateChecker } from '../../../adapters/certificate-crypto.ts';
import { signCertificate, verifyCertificate } from '../../../domain/skills/certificate-seal.ts';
import { createTestSigner } from '../../unit/domain/skills/certificates.ts';
import { createSkillTwins } from '../../support/skill-twins.ts';
import { skillDriver, startServing } from './support.ts';

type Talos = Awaited<ReturnType<typeof startServing>>;

describe('the life of a skill', () => {
  let talos: Talos;
  const start = async (options?: Parameters<typeof startServing>[0]): Promise<Talos> =>
    (talos = await startServing(options));
  afterEach(() => talos.close());

  it('leads from submission through three clean runs of different cases to the owner, and on to use', async () => {
    const skill = skillDriver(await start());
    const { hash } = await skill.submit();
    const waiting = await skill.reaches(hash, 'awaiting-approval');
    expect(waiting.candidate?.runs.map((run) => run.case)).toEqual(['case-1', 'case-2', 'case-3']);
    expect(talos.skills.sandbox.requests().map(({ input, until }) => [input, until])).toEqual([
      [1, 'whole'],
      [2, 'whole'],
      [3, 'whole'],
    ]);
    const life = await skill.approve(hash);
    expect(life.active).toMatchObject({ hash, state: 'active' });
    expect(await skill.life()).toEqual(life);
    expect(await talos.skillRuntime.life(skill.id)).toEqual(life);
    expect(talos.skills.skills.shelf(hash)).toBe('active');
    const certificate = await talos.skills.skills.certificate(skill.id, hash);
    expect(certificate?.body).toMatchObject({
      bundle: hash,
      approver: 'owner',
      evidence: { runs: [{ case: 'case-1' }, { case: 'case-2' }, { case: 'case-3' }] },
    });
    const states = talos.ports.audited
      .events()
      .flatMap(({ type, details }) => (type === 'skill-state-changed' ? [details?.['to']] : []));
    expect(states).toEqual(['quarantined', 'running', 'running', 'running', 'running', 'awaiting-approval', 'active']);
  });

  it('has a certificate that holds also where the clock of the runs is ahead of that of the approval', async () => {
    const signer = createTestSigner();
    const skills = createSkillTwins({ signCertificate: (body) => signCertificate(body, signer) });
    const skill = skillDriver(await start({ skills, night: { now: () => Date.now() + 3_600_000 } }));
    const { hash } = await skill.activate();
    const [certificate] = skills.skills.certificates();
    if (certificate === undefined) throw new Error('there is no certificate');
    expect(verifyCertificate(certificate, {}, createCertificateChecker())).toMatchObject({ ok: true });
    expect((await skill.life()).active).toMatchObject({ hash, promotedAt: certificate.body.promotedAt });
  });

  it('pass, fail, pass, fail, pass are not three clean runs', async () => {
    const skills = createSkillTwins();
    const goOn = Promise.withResolvers<void>();
    let runs = 0;
    skills.sandbox.follow(async () => {
      runs += 1;
      if (runs === 6) await goOn.promise;
      return runs === 2 || runs === 4 ? { verdict: 'exception', reason: 'it threw' } : undefined;
    });
    const skill = skillDriver(await start({ skills }));
    const { hash } = await skill.submit();
    await expect.poll(() => runs, { timeout: 15_000 }).toBe(6);
    const after = await skill.life();
    expect(after.candidate).toMatchObject({ state: 'running', runs: [{ case: 'case-1' }], strikes: [{}, {}] });
    goOn.resolve();
    const waiting = await skill.reaches(hash, 'awaiting-approval');
    expect(waiting.candidate?.runs).toHaveLength(3);
    expect(runs).toBe(7);
  });

  it('output that is not what its case asks for is a fault; the third one rejects', async () => {
    const skills = createSkillTwins();
    skills.sandbox.follow(async () => ({ verdict: 'ok', output: 0 }));
    const skill = skillDriver(await start({ skills }));
    const { hash } = await skill.submit();
    const life = await skill.reaches(hash, 'rejected');
    expect(life.past[0]).toMatchObject({ endedBy: 'faults', strikes: [{ verdict: 'invalid-output' }, {}, {}] });
    expect(skills.skills.shelf(hash)).toBe('deprecated');
    const runs = await skills.skillRuns.list(skill.id, { limit: 9, offset: 0, failedOnly: true });
    expect(runs).toHaveLength(3);
  });

  it('a broken sandbox counts neither way', async () => {
    const skills = createSkillTwins();
    let runs = 0;
    skills.sandbox.follow(async () => {
      runs += 1;
      return runs === 2 ? { verdict: 'infrastructure' } : undefined;
    });
    const skill = skillDriver(await start({ skills }));
    const { hash } = await skill.submit();
    const life = await skill.reaches(hash, 'awaiting-approval');
    expect(life.candidate).toMatchObject({ strikes: [], runs: [{}, {}, {}] });
    expect(runs).toBe(4);
  });

  it('a version that lacks three different cases is not taken', async () => {
    const skill = skillDriver(await start());
    await expect(skill.submit({ cases: 2 })).rejects.toMatchObject({ code: 'SKILL_INVALID' });
  });

  it('the same version handed in again is the same submission', async () => {
    const skill = skillDriver(await start());
    const { hash } = await skill.activate();
    const life = await skill.life();
    await skill.submit();
    expect(await skill.life()).toEqual(life);
    expect(talos.skills.sandbox.requests()).toHaveLength(3);
    expect(await skill.stateOf(hash)).toBe('active');
  });

  it('two versions handed in at once: the later one is tested, the other gives way and is told', async () => {
    const skill = skillDriver(await start({}));
    const both = await Promise.all([skill.submit({ code: 'v1' }), skill.submit({ code: 'v2', version: '1.1.0' })]);
    const { candidate, past } = await skill.life();
    const known = new Set([candidate?.hash, ...past.map(({ hash }) => hash)]);
    expect(known).toEqual(new Set(both.map(({ hash }) => hash)));
    expect(past).toMatchObject([{ state: 'replaced', endedBy: 'newer-version' }]);
    expect((await skill.reaches(candidate?.hash ?? '', 'awaiting-approval')).past).toEqual(past);
    expect(talos.skills.skills.shelf(past[0]?.hash ?? '')).toBe('deprecated');
  });

  it('a revision is tested beside the active version, replaces it, and gives way at its second strike', async () => {
    const skills = createSkillTwins();
    const skill = skillDriver(await start({ skills }));
    const first = await skill.activate();
    const second = await skill.submit({ code: 'v2', version: '1.1.0' });
    expect((await skill.life()).active?.hash).toBe(first.hash);
    await skill.reaches(second.hash, 'awaiting-approval');
    await skill.approve(second.hash);
    expect(await skill.stateOf(first.hash)).toBe('replaced');
    skills.sandbox.follow(async () => ({ verdict: 'exception' }));
    await skill.ended(await skill.run());
    await expect.poll(async () => (await skill.life()).active?.strikes.length, { timeout: 5000 }).toBe(1);
    await skill.ended(await skill.run());
    await skill.reaches(first.hash, 'active');
    expect(await skill.stateOf(second.hash)).toBe('deprecated');
    expect([skills.skills.shelf(first.hash), skills.skills.shelf(second.hash)]).toEqual(['active', 'deprecated']);
  });

  it('three strikes deprecate; what the runs failed on changes, and it is tested again by itself', async () => {
    const skills = createSkillTwins();
    const skill = skillDriver(await start({ skills }));
    const { hash } = await skill.activate();
    skills.sandbox.follow(async () => ({ verdict: 'timeout' }));
    for (let strike = 1; strike <= 3; strike += 1) await skill.ended(await skill.run());
    const life = await skill.reaches(hash, 'deprecated');
    expect(life.past[0]?.reason).toContain('timeout');
    expect(await skill.ended(await skill.run())).toMatchObject({ result: { error: { code: 'SKILL_NOT_READY' } } });
    await talos.skillRuntime.retest({ id: skill.id, reason: 'the runtime was renewed', by: 'talos' });
    const failed = await skill.reaches(hash, 'deprecated');
    expect(failed.past[0]?.reason).toContain('tested again and failed as before');
    skills.sandbox.follow(async () => undefined);
    await talos.skillRuntime.retest({ id: skill.id, reason: 'and once more', by: 'talos' });
    await skill.reaches(hash, 'awaiting-approval');
    await skill.approve(hash);
    expect(await skill.stateOf(hash)).toBe('active');
  });

  it('can be rejected while it runs, deprecated by hand, and restored into quarantine', async () => {
    const skills = createSkillTwins();
    const aborted = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    skills.sandbox.follow(
      (_request, signal) =>
        new Promise((_resolve, reject) => {
          begun.resolve();
          signal.addEventListener('abort', () => {
            aborted.resolve();
            reject(new Error('killed'));
          });
        }),
    );
    const skill = skillDriver(await start({ skills }));
    const { hash } = await skill.submit();
    await begun.promise;
    await talos.skillRuntime.reject({ id: skill.id, hash, by: 'owner', reason: 'not wanted' });
    await aborted.promise;
    expect(await skill.stateOf(hash)).toBe('rejected');
    skills.sandbox.follow(async () => undefined);
    const restored = { id: skill.id, hash, by: 'owner', reason: 'wanted after all' };
    expect((await talos.skillRuntime.restore(restored)).candidate?.hash).toBe(hash);
    await skill.reaches(hash, 'awaiting-approval');
    await skill.approve(hash);
    await talos.skillRuntime.deprecate({ id: skill.id, by: 'owner', reason: 'no longer needed' });
    expect(await skill.stateOf(hash)).toBe('deprecated');
    await expect(talos.skillRuntime.deprecate({ id: skill.id, by: 'owner', reason: 'again' })).rejects.toMatchObject({
      code: 'SKILL_NOT_READY',
    });
    await talos.skillRuntime.retest({ id: skill.id, by: 'talos', reason: 'x' });
    expect(await skill.stateOf(hash)).toBe('deprecated');
  });

  it('that does worse than the model alone is promoted only with a reason', async () => {
    const skills = createSkillTwins({ answerAlone: async () => ({ passed: 4, model: 'm' }) });
    let runs = 0;
    skills.sandbox.follow(async () => {
      runs += 1;
      return runs > 3 ? { verdict: 'exception' } : undefined;
    });
    const skill = skillDriver(await start({ skills }));
    const { hash } = await skill.submit();
    const life = await skill.reaches(hash, 'awaiting-approval');
    expect(life.candidate?.benefit).toEqual({ cases: 4, withSkill: 0, withoutSkill: 4, model: 'm' });
    await expect(skill.approve(hash)).rejects.toMatchObject({ code: 'SKILL_NOT_READY' });
    await skill.approve(hash, 'it is cheaper');
    expect((await talos.skills.skills.certificate(skill.id, hash))?.body.override).toBe('it is cheaper');
  });

  it('at trust level 5 a better revision needs no code, the first version, a greedier one and one by another measure do', async () => {
    let alone = 3;
    let model = 'm';
    const skills = createSkillTwins({ answerAlone: async () => ({ passed: alone, model }) });
    const skill = skillDriver(await start({ skills, trustLevel: 5 }));
    const first = await skill.submit();
    await skill.reaches(first.hash, 'awaiting-approval');
    await skill.approve(first.hash);
    alone = 1;
    const second = await skill.submit({ code: 'v2' });
    await skill.reaches(second.hash, 'active');
    expect((await skills.skills.certificate(skill.id, second.hash))?.body).toMatchObject({
      approver: 'talos',
      approval: 'trust-level-5',
    });
    alone = 0;
    const third = await skill.submit({ code: 'v3', hosts: ['api.example.org'] });
    await skill.reaches(third.hash, 'awaiting-approval');
    const longer = await skill.submit({ code: 'v3', limits: { timeoutMs: 20_000 } });
    await skill.reaches(longer.hash, 'awaiting-approval');
    model = 'a smaller one';
    const fourth = await skill.submit({ code: 'v4' });
    await skill.reaches(fourth.hash, 'awaiting-approval');
    await skill.approve(fourth.hash);
    expect(await skill.stateOf(second.hash)).toBe('replaced');
  });

  it('without an audit log no change happens, and it goes on once there is one', async () => {
    const skill = skillDriver(await start());
    talos.ports.audited.refuse(true);
    const submission = skill.submit();
    await expect(skill.life()).rejects.toThrow('nothing is known');
    talos.ports.audited.refuse(false);
    const { hash } = await submission;
    await skill.reaches(hash, 'awaiting-approval');
  });
});
