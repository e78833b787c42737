import { execFileSync } from 'node:child_process';

import { afterAll, describe, expect, it } from 'vitest';

import { createBubblewrapDriver } from '../../../adapters/sandbox/bubblewrap.ts';
import { createSandbox } from '../../../adapters/sandbox/sandbox.ts';
import { TalosError } from '../../../domain/errors.ts';
import type { Sandbox } from '../../../domain/skills/ports.ts';
import { skillGround } from '../../../workers/skill-ground.ts';

const sandbox = createSandbox(createBubblewrapDriver());
afterAll(() => sandbox.close());

describe('what skills run on', () => {
  it('is this release, the sandbox, and the languages as the sandbox has them', async () => {
    const proof = await sandbox.prove(AbortSignal.timeout(60_000));
    const python = execFileSync('/usr/bin/python3', ['-c', 'import sys; print(sys.version.split()[0])'], {
      encoding: 'utf8',
    }).trim();
    const ground = await skillGround({ sandbox, proof, release: '9.9.9' });
    expect(ground).toBe(`Talos 9.9.9, bubblewrap ${proof.version}, Node ${process.versions.node}, Python ${python}`);
  });

  it('is known without Python, and not known where a sandbox breaks', async () => {
    const proof = await sandbox.prove(AbortSignal.timeout(60_000));
    const without = (code: 'SANDBOX_UNAVAILABLE' | 'SANDBOX_FAILED'): Sandbox => ({
      ...sandbox,
      run: (request, powers, signal) =>
        request.language === 'py'
          ? Promise.reject(new TalosError(code, 'no Python'))
          : sandbox.run(request, powers, signal),
    });
    const known = await skillGround({ sandbox: without('SANDBOX_UNAVAILABLE'), proof, release: '1' });
    expect(known).toBe(`Talos 1, bubblewrap ${proof.version}, Node ${process.versions.node}`);
    const broken = skillGround({ sandbox: without('SANDBOX_FAILED'), proof, release: '1' });
    await expect(broken).rejects.toMatchObject({ code: 'SANDBOX_FAILED' });
  });
});
