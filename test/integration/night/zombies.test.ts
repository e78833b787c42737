import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createZombiesPhase } from '../../../adapters/night/zombies-phase.ts';
import { ownMark } from '../../../adapters/sandbox/owner-mark.ts';
import { formatMark, markVariable } from '../../../domain/night/supervisor-mark.ts';
import { identify, isAlive } from '../../../infra/process-identity.ts';
import { scratchFolder } from '../../support/scratch-folder.ts';
import { runPhase } from './run-phase.ts';

const now = Date.UTC(2026, 10, 25, 4);
/** A process that has ended: its number is free or somebody else's, its start time never comes back. */
const gone = { pid: process.pid, startedAt: '1' };
const started: ChildProcess[] = [];
let home = '';

beforeEach(() => {
  home = scratchFolder();
  mkdirSync(join(home, 'tmp'));
});
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

const logDir = () => join(home, 'logs/tier2');
const phase = (more: Partial<Parameters<typeof createZombiesPhase>[0]> = {}) =>
  createZombiesPhase({ logDir: logDir(), tmp: join(home, 'tmp'), now: () => now, ...more });

async function start(
  program: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<ChildProcess> {
  const child = spawn(program, args, {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  started.push(child);
  await once(child, 'spawn');
  return child;
}
const lives = (child: ChildProcess) => child.exitCode === null && child.signalCode === null;
const markOf = (owner: { pid: number; startedAt: string }, dir = logDir()) =>
  formatMark({ ...owner, place: createHash('sha256').update(dir).digest('hex').slice(0, 12), unique: 'u' });

describe('the night among processes', () => {
  const self = identify(process.pid) ?? gone;

  it('kills a child whose supervisor is gone, even where its number was given away', async () => {
    const orphan = await start('sleep', ['1000'], { [markVariable]: markOf(gone) });
    const ended = once(orphan, 'exit');
    expect((await runPhase(phase())).counts).toMatchObject({ childrenKilled: 1 });
    expect(await ended).toEqual([null, 'SIGKILL']);
  });

  it('leaves children of a supervisor that lives, of another home, of a guard at work, and whoever only looks alike', async () => {
    const deadMark = `talos_sandbox_${gone.pid}_${gone.startedAt}`;
    const guarded = formatMark({ ...gone, place: markOf(gone).slice(0, 12), unique: 'guarded' });
    const spared = [
      await start('sleep', ['1000'], { [markVariable]: markOf(self) }),
      await start('sleep', ['1000'], { [markVariable]: markOf(gone, '/other/home/logs/tier2') }),
      await start('sleep', ['1000'], { [markVariable]: guarded }),
      await start('/bin/sh', ['-c', 'read line; :', 'talos-guard', `${markVariable}=${guarded}`]),
      await start('sleep', ['1000'], { [markVariable]: 'no mark at all' }),
      await start('sleep', ['1000'], { OTHER: `${markVariable}=${markOf(gone)}` }),
      await start('/bin/sh', ['-c', 'read line; :', 'talos', deadMark]),
      await start('/bin/sh', ['-c', 'read line; :', '--unsetenv', `notes-on-${deadMark}`]),
      await start('/bin/sh', ['-c', 'read line; :', '--unsetenv', ownMark()]),
      await start(process.execPath, ['-e', 'setInterval(() => 0, 1000)', '--', '--unsetenv', deadMark]),
    ];
    await runPhase(phase());
    for (const child of spared) {
      expect(isAlive(identify(child.pid ?? 0) ?? gone), child.spawnargs.join(' ')).toBe(true);
      expect(lives(child)).toBe(true);
    }
  });

  it('kills what sits where a sandbox has its mark, when its owner is gone', async () => {
    const orphan = await start('/bin/sh', [
      '-c',
      'read line; :',
      'sh',
      'bwrap',
      '--unsetenv',
      `talos_sandbox_${gone.pid}_1`,
    ]);
    const ended = once(orphan, 'exit');
    expect((await runPhase(phase())).counts['sandboxesKilled']).toBeGreaterThanOrEqual(1);
    expect(await ended).toEqual([null, 'SIGKILL']);
  });
});

describe('the night among temporary files', () => {
  it('removes folders of processes that are gone, by their mark alone', async () => {
    const make = (mark: string) => mkdtempSync(join(tmpdir(), mark));
    const orphans = ['sandbox', 'proof', 'git'].map((kind) => make(`talos_${kind}_${gone.pid}_1-`));
    const spared = [make(`${ownMark('proof')}-`), make('talos-proof-'), make(`my_talos_proof_${gone.pid}_1-`)];
    writeFileSync(join(orphans[0] ?? '', 'file'), 'x');
    try {
      const { counts } = await runPhase(phase());
      expect(counts['foldersRemoved']).toBeGreaterThanOrEqual(3);
      expect(orphans.filter(existsSync)).toEqual([]);
      expect(spared.filter(existsSync)).toEqual(spared);
    } finally {
      for (const folder of [...orphans, ...spared]) rmSync(folder, { recursive: true, force: true });
    }
  });

  it('clears the temporary folder of this home of what is a day old, and of what its owner left', async () => {
    for (const name of ['old', 'young', `talos_git_${gone.pid}_1-abcdef`, `${ownMark('git')}-abcdef`]) {
      mkdirSync(join(home, 'tmp', name));
      utimesSync(join(home, 'tmp', name), now / 1000, (now - (name === 'old' ? 25 : 23) * 3_600_000) / 1000);
    }
    expect((await runPhase(phase())).counts['foldersRemoved']).toBeGreaterThanOrEqual(2);
    expect(readdirSync(join(home, 'tmp')).toSorted()).toEqual([`${ownMark('git')}-abcdef`, 'young'].toSorted());
  });
});

describe('the night among containers', () => {
  it('asks only for those older than any may be, and goes on without them', async () => {
    const asked: number[] = [];
    const removeContainers = async (before: number) => asked.push(before);
    expect((await runPhase(phase({ removeContainers }))).counts).toMatchObject({ containersRemoved: 1 });
    expect(asked).toEqual([now - 3_600_000]);
    const away = () => Promise.reject(new Error('no proxy'));
    expect((await runPhase(phase({ removeContainers: away }))).notes).toEqual([
      'Containers could not be looked at: no proxy',
    ]);
  });
});

it('does nothing when it is stopped before it began', async () => {
  const outcome = await phase()({ signal: AbortSignal.abort(), tell: () => undefined });
  expect(outcome).toEqual({ counts: {}, notes: [] });
});
