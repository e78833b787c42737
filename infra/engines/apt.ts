import { existsSync } from 'node:fs';

import { TalosError } from '../../domain/errors.ts';
import { findProgram, runCommand } from '../run-command.ts';
import type { Step } from './teller.ts';

/** What a package is called on each system. */
export type PackageNames = Readonly<Record<'apt' | 'dnf' | 'pacman' | 'zypper' | 'apk' | 'brew', string>>;

const policyFile = '/usr/sbin/policy-rc.d';
/** Package lists have a lock nobody waits for, so Talos takes turns with itself before it comes to that. */
const turnFile = '/var/lib/dpkg/talos-turn';
const policyMark = '# Talos: no service starts while Talos installs a package';

/**
 * Debian packages ask the policy file whether their service may start; Talos runs its engines itself. The file only forbids while this
 * shell lives, so one left by a killed Talos harms nobody. One that is not ours stays as it is.
 */
const withoutServices = `
policy=$1 mark=$2
shift 2
if ! [ -e "$policy" ] || grep -qF "$mark" "$policy"; then
  trap 'rm -f "$policy"' EXIT
  trap 'exit 143' HUP INT TERM
  printf '#!/bin/sh\\n%s\\nkill -0 %s 2>/dev/null && exit 101\\nexit 0\\n' "$mark" $$ >"$policy"
  chmod 755 "$policy"
fi
"$@"
`;

/** The words of a command during which no service of a package starts; whoever runs several takes turns. */
export function forbidServices(command: readonly string[], file = policyFile): string[] {
  return ['/bin/sh', '-c', withoutServices, 'sh', file, policyMark, ...command];
}

/** Installs Debian packages without starting their services; false when this is not root on Debian, Ubuntu or the like. */
export async function installPackages(packages: readonly string[], step: Step): Promise<boolean> {
  const apt = await findProgram('apt-get');
  if (apt === undefined || process.getuid?.() !== 0 || !existsSync('/var/lib/dpkg')) return false;
  const run = async (args: readonly string[]): Promise<readonly string[] | undefined> => {
    const options = ['-o', 'DPkg::Lock::Timeout=120', '-q'];
    const { code, tail } = await runCommand('flock', [turnFile, ...forbidServices([apt, ...options, ...args])], {
      signal: step.signal,
      env: { DEBIAN_FRONTEND: 'noninteractive' },
      onLine: (line) => step.teller.line(line),
    });
    return code === 0 ? undefined : tail;
  };
  const install = ['install', '-y', '--no-install-recommends', ...packages];
  step.teller.say(`installing ${packages.join(' ')}`);
  if ((await run(install)) === undefined) return true;
  step.teller.say('reading package lists'); // a fresh container has none, and old ones name files that are gone
  await run(['update']);
  step.teller.say(`installing ${packages.join(' ')}`);
  const failure = await run(install);
  if (failure !== undefined) throw aptError(packages, failure);
  return true;
}

/** The command a person types to install a package on this machine. */
export async function installCommand(names: PackageNames): Promise<string> {
  const sudo = process.getuid?.() === 0 ? '' : 'sudo ';
  const commands = [
    ['apt-get', `${sudo}apt-get install -y ${names.apt}`],
    ['dnf', `${sudo}dnf install -y ${names.dnf}`],
    ['pacman', `${sudo}pacman -S --noconfirm ${names.pacman}`],
    ['zypper', `${sudo}zypper install -y ${names.zypper}`],
    ['apk', `${sudo}apk add ${names.apk}`],
    ['brew', `brew install ${names.brew}`],
  ] as const;
  for (const [manager, command] of commands) {
    if ((await findProgram(manager)) !== undefined) return command;
  }
  return process.platform === 'darwin' ? `brew install ${names.brew}` : `sudo apt-get install -y ${names.apt}`;
}

function aptError(packages: readonly string[], tail: readonly string[]): TalosError {
  const lines = tail.map((line) => `  ${line}`).join('\n');
  return new TalosError('DOWNLOAD_FAILED', `apt-get could not install ${packages.join(' ')}; it said:\n${lines}`);
}
