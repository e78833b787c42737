import { Writable } from 'node:stream';

import { describe, expect, it } from 'vitest';

import { createOutput } from '../../../cli/output.ts';
import { createProgram, runProgram } from '../../../cli/program.ts';
import { TalosError } from '../../../domain/errors.ts';

async function run(...words: string[]) {
  const said: string[] = [];
  const program = createProgram('4.0.0').configureOutput({
    writeOut: (text) => said.push(text),
    writeErr: (text) => said.push(text),
  });
  program
    .command('up')
    .option('--detach')
    .action(() => undefined);
  const skills = program.command('skills').description('all about skills');
  skills.command('approve').description('promote a version').argument('<id>');
  program.command('fails').action(() => {
    throw new TalosError('CONFIG_INVALID', 'broken');
  });
  const silent = new Writable();
  const output = { ...createOutput({ stdout: silent, stderr: silent, isVerbose: false }), fail: () => 78 };
  return { code: await runProgram(program, words, output), text: said.join('') };
}

describe('the command line', () => {
  it('leaves the exit code to a command that worked', async () => {
    expect((await run('up')).code).toBeUndefined();
  });

  it('ends with the code of the error a command throws', async () => {
    expect((await run('fails')).code).toBe(78);
  });

  it.each([['--help'], ['help'], ['--version'], ['help', 'up'], ['up', '--help']])(
    'ends well after %s',
    async (...words) => {
      expect((await run(...words)).code).toBeUndefined();
    },
  );

  it.each([
    [['help', 'skills'], 'all about skills'],
    [['help', 'skills', 'approve'], 'promote a version'],
    [['help', 'up', 'now'], '--detach'],
  ])('says more about what is named: %j', async (words, told) => {
    const { code, text } = await run(...words);
    expect(code).toBeUndefined();
    expect(text).toContain(told);
  });

  it('says that there is no such command to say more about', async () => {
    const { code, text } = await run('help', 'skills', 'aprove');
    expect({ code, text }).toEqual({ code: 64, text: expect.stringContaining('Did you mean approve?') });
  });

  it('suggests the command that was meant', async () => {
    const { code, text } = await run('upp');
    expect(code).toBe(64);
    expect(text).toContain("talos: unknown command 'upp'");
    expect(text).toContain('Did you mean up?');
  });

  it.each([[[]], [['up', '--nonsense']], [['up', 'too', 'many']]])('calls %j a usage error', async (words) => {
    expect((await run(...words)).code).toBe(64);
  });
});
