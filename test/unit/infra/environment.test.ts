import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { envFilePath, loadEnvironment } from '../../../infra/environment.ts';
import { scratchFolder } from '../../support/scratch-folder.ts';

function homeWith(content: string, mode = 0o600): string {
  const home = scratchFolder();
  mkdirSync(join(home, 'config'));
  writeFileSync(join(home, 'config/talos.env'), content);
  chmodSync(join(home, 'config/talos.env'), mode);
  return home;
}

describe('the environment', () => {
  it('is the file where the process says nothing or something blank, and the process where both speak', () => {
    const home = homeWith('WEB_PORT=1111\nTRUST_LEVEL=2\nLOG_LEVEL=DEBUG\n');
    const env = loadEnvironment({ TALOS_HOME: home, WEB_PORT: '2222', TRUST_LEVEL: ' ' });
    expect(env).toEqual({ TALOS_HOME: home, WEB_PORT: '2222', TRUST_LEVEL: '2', LOG_LEVEL: 'DEBUG' });
  });

  it('reads the first line behind the mark some editors put before it', () => {
    expect(loadEnvironment({ TALOS_HOME: homeWith('\uFEFFA=1\nB=2\n') })).toMatchObject({ A: '1', B: '2' });
  });

  it('keeps a blank setting from taking the next line for its value', () => {
    const home = homeWith('GEMINI_API_KEY= \r\nBASIC_AUTH_PASS=correct-horse-battery\r\n');
    expect(loadEnvironment({ TALOS_HOME: home })).toMatchObject({
      GEMINI_API_KEY: '',
      BASIC_AUTH_PASS: 'correct-horse-battery',
    });
  });

  it('refuses a value in another encoding, which would be another value', () => {
    const home = homeWith('A=1\n');
    writeFileSync(
      join(home, 'config/talos.env'),
      Buffer.from('# für\nBASIC_AUTH_PASS=für-die-nächste-nacht\n', 'latin1'),
    );
    expect(() => loadEnvironment({ TALOS_HOME: home })).toThrow(/line 2 .*UTF-8/);
  });

  it('is that of the process alone when there is no file', () => {
    expect(loadEnvironment({ TALOS_HOME: '/nonexistent', A: '1' })).toEqual({ TALOS_HOME: '/nonexistent', A: '1' });
  });

  it('takes the place of the home from the process only', () => {
    const home = homeWith('TALOS_HOME=/elsewhere\n');
    expect(loadEnvironment({ TALOS_HOME: home })['TALOS_HOME']).toBe(home);
  });

  it('finds the file below the home directory of the user unless told otherwise', () => {
    expect(envFilePath({ HOME: '/home/a' })).toBe('/home/a/talos/config/talos.env');
    expect(envFilePath({ HOME: '/home/a', TALOS_HOME: '  ' })).toBe('/home/a/talos/config/talos.env');
    expect(envFilePath({ HOME: '/home/a', TALOS_HOME: '~/other' })).toBe('/home/a/other/config/talos.env');
  });

  it('lies beside the program where that was cloned into the home directory', () => {
    const HOME = scratchFolder();
    mkdirSync(join(HOME, 'talos/cli'), { recursive: true });
    writeFileSync(join(HOME, 'talos/cli/main.ts'), '');
    expect(envFilePath({ HOME })).toBe(`${HOME}/talos-home/config/talos.env`);
    expect(loadEnvironment({ HOME, TALOS_HOME: ' ' })).toMatchObject({ TALOS_HOME: `${HOME}/talos-home` });
    expect(loadEnvironment({ HOME, TALOS_HOME: '/other' })).toMatchObject({ TALOS_HOME: '/other' });
    // what began there in an earlier version goes on there
    mkdirSync(join(HOME, 'talos/config'));
    writeFileSync(join(HOME, 'talos/config/talos.env'), 'A=1\n', { mode: 0o600 });
    expect(loadEnvironment({ HOME })).toEqual({ HOME, A: '1' });
  });

  it.each([0o400, 0o600])('reads a file with mode %o', (mode) => {
    expect(loadEnvironment({ TALOS_HOME: homeWith('A=1\n', mode) })['A']).toBe('1');
  });

  it.each([0o644, 0o640, 0o604, 0o700])('refuses a file with mode %o and names the command that mends it', (mode) => {
    const home = homeWith('A=1\n', mode);
    expect(() => loadEnvironment({ TALOS_HOME: home })).toThrow(`chmod 600 ${home}/config/talos.env`);
  });

  it('refuses a broken file, naming it and the line but none of its content', () => {
    const home = homeWith('A=1\nBASIC_AUTH_PASS secret-secret-secret\n');
    const load = () => loadEnvironment({ TALOS_HOME: home });
    expect(load).toThrow(`${home}/config/talos.env cannot be used: line 2`);
    expect(load).not.toThrow('secret-secret');
  });

  it('refuses a directory in place of the file', () => {
    const home = scratchFolder();
    mkdirSync(join(home, 'config/talos.env'), { recursive: true });
    expect(() => loadEnvironment({ TALOS_HOME: home })).toThrow('it is not a file');
  });
});
