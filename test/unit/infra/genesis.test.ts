import { chmodSync, lstatSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { parseConfig } from '../../../domain/config/parse.ts';
import { loadEnvironment } from '../../../infra/environment.ts';
import { findModeProblems, genesis } from '../../../infra/genesis.ts';
import { createNodeKey, readNodeKey } from '../../../infra/node-key.ts';
import { scratchFolder } from '../../support/scratch-folder.ts';

const expectedModes = {
  '.': '755',
  skills: '755',
  'skills/quarantine': '750',
  'skills/active': '755',
  'skills/deprecated': '750',
  keys: '700',
  'keys/node.key': '600',
  logs: '755',
  'logs/tier1': '750',
  'logs/tier2': '750',
  'logs/tier3': '755',
  data: '755',
  'data/redis': '700',
  'data/chromadb': '700',
  'data/temporal': '700',
  'data/ollama': '755',
  'data/images': '700',
  'data/reports': '700',
  config: '755',
  'config/talos.env': '600',
  backups: '750',
  run: '700',
  tmp: '1777',
};

function freshHome(): string {
  return join(scratchFolder(), 'home');
}

function snapshot(home: string) {
  return ['.', ...readdirSync(home, { recursive: true, encoding: 'utf8' })].toSorted().map((path) => {
    const stat = lstatSync(join(home, path));
    return [path, (stat.mode & 0o7777).toString(8), stat.isFile() ? readFileSync(join(home, path), 'utf8') : ''];
  });
}

describe('genesis', () => {
  it('makes the whole tree with its modes, whatever the umask', () => {
    const home = freshHome();
    const umask = process.umask(0o077);
    try {
      genesis({ TALOS_HOME: home });
    } finally {
      process.umask(umask);
    }
    expect(Object.fromEntries(snapshot(home).map(([path, mode]) => [path, mode]))).toEqual(expectedModes);
    expect(findModeProblems(home)).toEqual([]);
  });

  it('makes a password that is valid, in the file, and told this once', () => {
    const home = freshHome();
    const made = genesis({ TALOS_HOME: home });
    const config = parseConfig(loadEnvironment({ TALOS_HOME: home }));
    expect(made.password).toBe(config.web.password);
    expect(made.password).toMatch(/^[\w-]{24}$/);
    expect(genesis({ TALOS_HOME: home })).toEqual({ home, directories: [], nodeKey: false, envFile: false });
  });

  it('changes not one byte or mode the second time', () => {
    const home = freshHome();
    genesis({ TALOS_HOME: home });
    writeFileSync(join(home, 'config/talos.env'), 'BASIC_AUTH_PASS=my-own-long-password\n');
    chmodSync(join(home, 'config/talos.env'), 0o400);
    chmodSync(join(home, 'logs'), 0o711);
    const before = snapshot(home);
    genesis({ TALOS_HOME: home });
    expect(snapshot(home)).toEqual(before);
  });

  it('makes an Ed25519 key that can be read back', () => {
    const home = freshHome();
    genesis({ TALOS_HOME: home });
    expect(readNodeKey(join(home, 'keys/node.key')).asymmetricKeyType).toBe('ed25519');
    expect(createNodeKey(join(home, 'keys/node.key'))).toBe(false);
  });

  it('makes no password when the environment brings one', () => {
    const home = freshHome();
    const made = genesis({ TALOS_HOME: home, BASIC_AUTH_PASS: 'from-the-environment' });
    expect(made.password).toBeUndefined();
    const file = readFileSync(join(home, 'config/talos.env'), 'utf8');
    expect(file).not.toMatch(/^BASIC_AUTH_PASS=/m);
    expect(file).not.toContain('from-the-environment');
  });

  it('refuses a home whose place is taken by a file', () => {
    const home = freshHome();
    writeFileSync(home, '');
    expect(() => genesis({ TALOS_HOME: home })).toThrow('is not a directory');
    expect(statSync(home).isFile()).toBe(true);
  });
});

describe('the check of modes', () => {
  it('names what is open or missing and how to mend it', () => {
    const home = freshHome();
    genesis({ TALOS_HOME: home });
    chmodSync(join(home, 'keys'), 0o755);
    expect(findModeProblems(home)).toEqual([
      { path: `${home}/keys`, problem: 'has mode 755, not 700', fix: `chmod 700 ${home}/keys` },
    ]);
  });
});

describe('a narrower mode than ours', () => {
  it('is no problem, but one its owner cannot use is, and a shared folder needs its sticky bit', () => {
    const home = freshHome();
    genesis({ TALOS_HOME: home });
    chmodSync(home, 0o700);
    expect(findModeProblems(home)).toEqual([]);
    chmodSync(join(home, 'tmp'), 0o777);
    expect(findModeProblems(home)).toMatchObject([{ path: `${home}/tmp` }]);
  });
});

describe('the node key', () => {
  it('is refused when others may read it', () => {
    const path = join(scratchFolder(), 'node.key');
    createNodeKey(path);
    chmodSync(path, 0o640);
    expect(() => readNodeKey(path)).toThrow(`chmod 600 ${path}`);
  });

  it('is refused when it is missing or no key', () => {
    const path = join(scratchFolder(), 'node.key');
    expect(() => readNodeKey(path)).toThrow(/cannot be read/);
    writeFileSync(path, 'no key', { mode: 0o600 });
    expect(() => readNodeKey(path)).toThrow(/cannot be read/);
  });
});
