import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { createHome, type TestHome } from '../support/home.ts';
import { type DockerSandboxes, startDockerSandboxes } from './docker-sandboxes.ts';
import { readAudit, skillsOf, waitingSkill } from './skill-home.ts';

/** Only root can start a Docker daemon of its own. */
const isRoot = process.getuid?.() === 0;
const patience = { timeout: 60_000, interval: 100 };

describe('a Talos whose skills run in Docker', () => {
  let sandboxes: DockerSandboxes;
  let home: TestHome;
  let skills: ReturnType<typeof skillsOf>;

  beforeEach(({ skip }) => skip(!isRoot, 'this test starts a Docker daemon: run it as root'));
  beforeAll(async () => {
    if (!isRoot) return;
    sandboxes = await startDockerSandboxes();
    home = await createHome({ SANDBOX_DRIVER: 'docker', SOCKET_PROXY_URL: sandboxes.proxyUrl });
    await home.talos('up', '--detach');
    skills = skillsOf(home);
  });
  afterAll(async () => {
    await home?.remove();
    await sandboxes?.stop();
  });

  it('survives a kill -9 of the Docker daemon during runs: nobody is blamed, nothing is promoted, no container is left', async () => {
    await skills.activate(waitingSkill('used'));
    const ref = { skill: 'used', key: 'run' };
    await skills.client.submit(waitingSkill('tested', { caseMs: 3000 }));
    skills.begin(ref, { ms: 3000, text: 'lost' });
    await expect.poll(async () => (await skills.life('tested')).candidate?.state, patience).toBe('running');
    await expect.poll(async () => (await sandboxes.containers()).length, patience).toBeGreaterThanOrEqual(2);
    const orphans = await sandboxes.containers();
    await sandboxes.daemon.kill();

    const fix = 'sudo systemctl start docker';
    await expect.poll(async () => (await skills.life('tested')).candidate?.reason, patience).toContain(fix);
    expect(await skills.life('tested')).toMatchObject({ candidate: { state: 'running', strikes: [] } });
    const blamed = { state: 'failed', result: { blame: 'environment', error: { code: 'SANDBOX_UNAVAILABLE' } } };
    await expect.poll(() => skills.client.record(ref), patience).toMatchObject(blamed);

    await sandboxes.daemon.restart();
    const left = async () => (await sandboxes.containers()).filter((id) => orphans.includes(id));
    await expect.poll(left, patience).toEqual([]);
    const { candidate } = await skills.reaches('tested', 'awaiting-approval');
    expect(candidate).toMatchObject({ strikes: [], runs: [{ case: 'one' }, { case: 'two' }, { case: 'three' }] });
    skills.begin({ ...ref, key: 'again' }, { ms: 10, text: 'found' });
    await expect
      .poll(() => skills.client.record({ ...ref, key: 'again' }), patience)
      .toMatchObject({ state: 'ok', output: { text: 'found' } });
    expect((await skills.life('used')).active?.strikes).toEqual([]);
    const promoted = readAudit(home).filter(({ details }) => details['to'] === 'active');
    expect(promoted.map(({ subject }) => subject)).toEqual(['used']);
    await home.talos('down');
    await expect.poll(() => sandboxes.containers(), patience).toEqual([]);
  });
});
