import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { createHome, type TestHome } from '../support/home.ts';
import { readAudit, skillsOf, waitingSkill } from './skill-home.ts';

/** Only root can mount a small file system. */
const isRoot = process.getuid?.() === 0;
const full = { code: 'SKILLS_UNAVAILABLE', message: expect.stringContaining('free space') };

describe('a full disk under the skills', () => {
  let home: TestHome;
  let skills: ReturnType<typeof skillsOf>;
  let folder: string;

  beforeEach(({ skip }) => skip(!isRoot, 'this test mounts a small file system: run it as root'));
  beforeAll(async () => {
    if (!isRoot) return;
    home = await createHome();
    folder = join(home.dir, 'skills');
    mkdirSync(folder, { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m,mode=755', 'tmpfs', folder]);
    await home.talos('up', '--detach');
    skills = skillsOf(home);
    await skills.submit(waitingSkill('waiting'));
    fill();
  });
  afterAll(async () => {
    await home?.talos('down');
    if (folder !== undefined) execFileSync('umount', [folder]);
    await home?.remove();
  });

  function fill(): void {
    for (let file = 0; ; file += 1) {
      try {
        writeFileSync(join(folder, `filler-${file}`), Buffer.alloc(4096));
      } catch {
        return; // it is full
      }
    }
  }

  function makeRoom(): void {
    for (const name of readdirSync(folder)) if (name.startsWith('filler-')) rmSync(join(folder, name));
  }

  it('refuses a submission with what is wrong, and keeps nothing of it', async () => {
    await expect(skills.client.submit(waitingSkill('refused'))).rejects.toMatchObject(full);
    await expect(skills.client.view('refused')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(readdirSync(join(folder, 'quarantine'))).toEqual(['waiting']);
    expect(readdirSync(join(folder, '.staging'))).toEqual([]);
  });

  it('acknowledges no promotion without its certificate', async () => {
    await expect(skills.approve('waiting')).rejects.toMatchObject(full);
    const view = await skills.client.view('waiting');
    expect(view.life).toMatchObject({ candidate: { state: 'awaiting-approval' } });
    expect([view.life.active, view.certificate, view.problem]).toEqual([undefined, undefined, undefined]);
    expect(readAudit(home).filter(({ details }) => details['to'] === 'active')).toEqual([]);
    expect(readdirSync(join(folder, '.staging'))).toEqual([]);
  });

  it('goes on once there is room', async () => {
    makeRoom();
    await skills.approve('waiting');
    await skills.submit(waitingSkill('refused'));
    expect((await home.talos('skills', 'verify', 'waiting')).stdout).toContain('OK: skill waiting');
  });
});
