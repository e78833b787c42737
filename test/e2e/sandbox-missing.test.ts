import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import { createHome, type TestHome } from '../support/home.ts';
import { skillsOf, waitingSkill } from './skill-home.ts';

const patience = { timeout: 60_000, interval: 100 };
const fix = 'apt-get install -y bubblewrap';
const input = JSON.stringify({ ms: 1, text: 'runs' });

describe('a Talos whose sandbox went bad', () => {
  const folder = mkdtempSync(join(tmpdir(), 'talos-bwrap-'));
  const program = join(folder, 'bwrap');
  let home: TestHome;
  let skills: ReturnType<typeof skillsOf>;
  let workerPid: number | undefined;

  const worker = async () => (await home.status()).children.find(({ name }) => name === 'worker');

  beforeAll(async () => {
    // What lies in front of the real program is taken for it, while it is there.
    home = await createHome({ PATH: `${folder}:${process.env['PATH']}` });
    await home.talos('up', '--detach');
    skills = skillsOf(home);
    await skills.activate(waitingSkill('used'));
    writeFileSync(program, '#!/bin/sh\necho bubblewrap 0.6.1\n', { mode: 0o755 });
    process.kill((await worker())?.pid ?? 0, 'SIGKILL');
    await vi.waitFor(async () => expect(await worker()).toMatchObject({ state: 'ready', restarts: 1 }), patience);
    workerPid = (await worker())?.pid;
  });
  afterAll(async () => {
    await home.remove();
    rmSync(folder, { recursive: true });
  });

  it('refuses a run at once, with what mends it', async () => {
    const refused = await home
      .talos('skills', 'run', 'used', '--json', '--input', input)
      .catch((error: unknown) => error);
    expect(refused).toMatchObject({
      code: 69,
      stdout: expect.stringContaining('"code": "SANDBOX_UNAVAILABLE"'),
      stderr: expect.stringContaining(fix),
    });
  }, 15_000);

  it('takes a submission, and says what it waits for', async () => {
    await skills.client.submit(waitingSkill('tested'));
    await vi.waitFor(async () => expect((await skills.life('tested')).candidate?.reason).toContain(fix), patience);
    expect((await home.talos('skills', 'show', 'tested')).stdout).toContain(fix);
  }, 15_000);

  it('chats, and doctor has a row', async () => {
    expect((await home.chat('hello')).status).toBe(200);
    const { stdout } = await home.talos('doctor', '--json').catch((error: { stdout: string }) => error);
    const { rows } = JSON.parse(stdout) as { rows: { check: string }[] };
    const row = rows.find(({ check }) => check === 'sandbox');
    expect(row).toMatchObject({ state: 'warning', fix: expect.stringContaining(fix) });
  });

  it('runs skills as soon as it is mended, without a restart', async () => {
    rmSync(program);
    expect((await home.talos('skills', 'run', 'used', '--input', input)).stdout).toContain('"runs"');
    expect((await skills.reaches('tested', 'awaiting-approval')).candidate).toMatchObject({ strikes: [] });
    expect((await worker())?.pid).toBe(workerPid);
  });
});
