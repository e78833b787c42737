import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';

import { describe, expect, it } from 'vitest';

import { forbidServices } from '../../../infra/engines/apt.ts';
import { scratch } from './support.ts';

const run = promisify(execFile);

async function install(policy: string, script: string): Promise<string> {
  const [program = '', ...words] = forbidServices(['/bin/sh', '-c', script, 'sh', policy], policy);
  const { stdout } = await run('flock', [`${policy}.turn`, program, ...words]);
  return stdout;
}

const ask = '"$1"; echo $?';

describe('while a package is installed', () => {
  it('no service may start, also when another installation beside it has just ended', async () => {
    const policy = `${await scratch()}/policy-rc.d`;
    const answers = await Promise.all([1, 2, 3].map(() => install(policy, ask)));
    expect(answers).toEqual(['101\n', '101\n', '101\n']);
    expect(existsSync(policy)).toBe(false);
  });

  it('the policy a machine has of its own stays', async () => {
    const policy = `${await scratch()}/policy-rc.d`;
    await writeFile(policy, '#!/bin/sh\nexit 0\n');
    await chmod(policy, 0o755);
    expect(await install(policy, ask)).toBe('0\n');
    expect(readFileSync(policy, 'utf8')).toBe('#!/bin/sh\nexit 0\n');
  });

  it('a policy that a killed installation has left forbids nothing and is taken over', async () => {
    const policy = `${await scratch()}/policy-rc.d`;
    await expect(install(policy, 'kill -9 $PPID')).rejects.toThrow();
    await expect(run(policy)).resolves.toMatchObject({ stdout: '' });
    expect(await install(policy, ask)).toBe('101\n');
    expect(existsSync(policy)).toBe(false);
  });

  it('its failure is told by its own exit code', async () => {
    const policy = `${await scratch()}/policy-rc.d`;
    await expect(install(policy, 'exit 100')).rejects.toMatchObject({ code: 100 });
    expect(existsSync(policy)).toBe(false);
  });
});
