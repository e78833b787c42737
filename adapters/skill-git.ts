import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { TalosError } from '../domain/errors.ts';
import { hideSecrets } from '../domain/hide-secrets.ts';
import { quoted } from '../domain/skills/finding.ts';
import { ownMark } from './sandbox/owner-mark.ts';
import { type FoundSkill, type ReadLimits, readSkillArchive } from './skill-archive.ts';

/** How a repository is fetched. */
export type GitOptions = ReadLimits & {
  readonly signal: AbortSignal;
  /** `https` and `ssh` unless told otherwise; `file` only for who asked for it. */
  readonly protocols?: readonly GitProtocol[];
  /** Variables git needs to reach others from here: of proxies, of an ssh agent. */
  readonly env?: Readonly<Record<string, string>>;
  /** Where the repository lies until it is read. */
  readonly tmp?: string;
};

export type GitProtocol = 'https' | 'ssh' | 'file';

/** Largest pack that is fetched, in blocks of 512 bytes: 64 MiB. */
const maxPackBlocks = 131_072;

const timeoutMs = 60_000;

/**
 * Reads the skill at the head of a git repository. Nothing is checked out, so no hook, filter, link or submodule of the repository
 * comes to life: git hands over its newest tree as an archive. Fails with VALIDATION_FAILED, NOT_FOUND, SKILL_INVALID.
 */
export async function readSkillRepository(url: string, options: GitOptions): Promise<FoundSkill> {
  const protocols = options.protocols ?? ['https', 'ssh'];
  checkUrl(url, protocols);
  const folder = await mkdtemp(join(options.tmp ?? tmpdir(), `${ownMark('git')}-`));
  const env = options.env ?? {};
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(timeoutMs)]);
  try {
    const clone = [
      'clone',
      '--quiet',
      '--bare',
      '--depth=1',
      '--single-branch',
      '--no-tags',
      '--template=',
      '--',
      url,
      folder,
    ];
    await git(clone, { url, protocols, signal, env, maxBytes: 0 });
    await mkdir(join(folder, 'info'), { recursive: true });
    await writeFile(join(folder, 'info/attributes'), asCommitted);
    const archive = await git(['-C', folder, 'archive', '--format=tar', 'HEAD'], {
      url,
      protocols: [],
      signal,
      env,
      maxBytes: options.maxBytes * 2 + 1_048_576,
    });
    return await readSkillArchive(archive, options);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Whether a text is the address of a repository and not a path. */
export function isRepository(text: string): boolean {
  return /^(?:https|ssh|file):\/\//.test(text);
}

function checkUrl(url: string, protocols: readonly GitProtocol[]): void {
  const parsed = URL.parse(url);
  const protocol = protocols.find((name) => parsed?.protocol === `${name}:`);
  const hasSecret = parsed !== null && (parsed.password !== '' || (protocol === 'https' && parsed.username !== ''));
  if (protocol !== undefined && !hasSecret && url.length <= 2000) return;
  const rule = hasSecret
    ? 'must hold no password'
    : `must begin with ${protocols.map((name) => `${name}://`).join(' or ')}`;
  throw new TalosError('VALIDATION_FAILED', `The address of a repository ${rule}.`, { details: { field: 'url' } });
}

type GitRun = {
  readonly url: string;
  readonly protocols: readonly GitProtocol[];
  readonly signal: AbortSignal;
  readonly env: Readonly<Record<string, string>>;
  readonly maxBytes: number;
};

/** Goes before what the repository says itself: a skill has the same files, and so the same hash, by whatever way it comes. */
const asCommitted = '* -export-ignore -export-subst\n';

/** Runs git without the settings of this machine; gives what it writes. */
async function git(args: readonly string[], run: GitRun): Promise<Buffer> {
  if (run.signal.aborted) throw failure(run, '', 0); // nobody would hear of it and stop what is started now
  const allowed = run.protocols.flatMap((name) => ['-c', `protocol.${name}.allow=always`]);
  const safe = ['-c', 'protocol.allow=never', ...allowed, '-c', 'core.hooksPath=/dev/null', '-c', 'credential.helper='];
  const limited = ['-c', `ulimit -f ${maxPackBlocks}; exec git "$@"`, 'git', ...safe, ...args];
  const child = spawn('/bin/sh', limited, {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...run.env, ...environment },
  });
  const kill = (): void => void (child.pid !== undefined && killGroup(child.pid));
  run.signal.addEventListener('abort', kill, { once: true });
  const chunks: Buffer[] = [];
  let size = 0;
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > run.maxBytes) kill();
    else chunks.push(chunk);
  });
  child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString('utf8')).slice(-500)));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  run.signal.removeEventListener('abort', kill);
  if (code === 0) return Buffer.concat(chunks);
  throw failure(run, said, size);
}

function failure({ url, signal, maxBytes }: GitRun, said: string, size: number): TalosError {
  const shown = quoted(hideSecrets(url), 200);
  if (size > maxBytes && maxBytes > 0) {
    return new TalosError('SKILL_INVALID', `${shown} is no skill: it holds more than a skill may have.`);
  }
  const reason = signal.aborted
    ? 'it took too long or was stopped'
    : quoted(hideSecrets(said.trim().split('\n').at(-1) ?? ''), 200);
  return new TalosError('NOT_FOUND', `The repository ${shown} cannot be fetched: ${reason}.`);
}

/** The whole group, because git leaves the transport to a program of its own. */
function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // it has ended already
  }
}

/** Asks nobody for a password, and reads no configuration but its own. */
const environment = {
  PATH: '/usr/local/bin:/usr/bin:/bin',
  LANG: 'C',
  HOME: '/nonexistent',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_TERMINAL_PROMPT: '0',
  GIT_ASKPASS: '/bin/false',
  GIT_SSH_COMMAND: 'ssh -o BatchMode=yes',
  GIT_ATTR_NOSYSTEM: '1',
};
