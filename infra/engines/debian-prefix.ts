import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';

import { TalosError } from '../../domain/errors.ts';
import { askProgram, findProgram, runCommand } from '../run-command.ts';
import type { Step } from './teller.ts';

/** What unpacking Debian packages beside the system needs; found on Debian only. */
export type DebianTools = {
  readonly apt: string;
  readonly dpkgDeb: string;
  readonly keyring: string;
  readonly mirror: string;
  readonly architecture: string;
};

/** A package of a suite with everything it needs, down to the C library. */
export type PrefixRequest = { readonly suite: string; readonly name: string };

const keyrings = ['gpg', 'pgp'].map((ending) => `/usr/share/keyrings/debian-archive-keyring.${ending}`);

/** Undefined where this is not Debian. */
export async function findDebianTools(): Promise<DebianTools | undefined> {
  const [apt, dpkg, dpkgDeb] = await Promise.all(['apt-get', 'dpkg', 'dpkg-deb'].map(findProgram));
  const keyring = keyrings.find((path) => existsSync(path));
  if (apt === undefined || dpkg === undefined || dpkgDeb === undefined || keyring === undefined) return undefined;
  const architecture = (await askProgram(dpkg, ['--print-architecture']))?.trim();
  const sources = (await askProgram(apt, ['indextargets', '--format', '$(SITE) $(RELEASE)'])) ?? '';
  const mirror = chooseMirror(sources);
  if (architecture === undefined || mirror === undefined) return undefined;
  return { apt, dpkgDeb, keyring, mirror, architecture };
}

/** The mirror most of the machine's own sources name, from lines of site and release; security archives hold no other suites. */
export function chooseMirror(sources: string): string | undefined {
  const counts = new Map<string, number>();
  for (const line of sources.split('\n')) {
    const [site, release] = line.trim().split(/\s+/);
    if (!site || release === undefined || release.endsWith('-security')) continue;
    counts.set(site, (counts.get(site) ?? 0) + 1);
  }
  return [...counts].toSorted(([, a], [, b]) => b - a)[0]?.[0];
}

/** Unpacks a package and all it needs into a folder, with a package state of its own: the system stays as it is, root is not needed. */
export async function fillPrefix(
  tools: DebianTools,
  request: PrefixRequest,
  { prefix, work, signal, teller }: Step & { readonly prefix: string; readonly work: string },
): Promise<void> {
  const state = `${work}/apt`;
  const archives = `${state}/cache/archives`;
  await Promise.all([`${state}/lists/partial`, `${archives}/partial`, `${state}/none`, prefix].map(makeFolder));
  await writeFile(`${state}/status`, '');
  const source = `deb [signed-by=${tools.keyring}] ${tools.mirror} ${request.suite} main\n`;
  await writeFile(`${state}/sources.list`, source);
  const run = async (program: string, args: readonly string[]): Promise<void> => {
    const { code, tail } = await runCommand(program, args, { signal, onLine: (line) => teller.line(line) });
    if (code === 0) return;
    const lines = tail.map((line) => `  ${line}`).join('\n');
    throw new TalosError(
      'DOWNLOAD_FAILED',
      `Debian's ${request.name} could not be fetched; ${program} said:\n${lines}`,
    );
  };
  teller.say(`fetching ${request.name}`);
  const options = aptOptions(state, tools.architecture);
  await run(tools.apt, [...options, 'update']);
  await run(tools.apt, [...options, 'install', '-y', '-d', request.name]);
  teller.say(`unpacking ${request.name}`);
  for (const file of await readdir(archives)) {
    if (file.endsWith('.deb')) await run(tools.dpkgDeb, ['-x', `${archives}/${file}`, prefix]);
  }
}

async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
}

function aptOptions(state: string, architecture: string): string[] {
  const settings = {
    'Dir::Etc::sourcelist': `${state}/sources.list`,
    'Dir::Etc::sourceparts': `${state}/none`,
    'Dir::Etc::preferencesparts': `${state}/none`,
    'Dir::State': state,
    'Dir::State::status': `${state}/status`,
    'Dir::State::lists': `${state}/lists`,
    'Dir::Cache': `${state}/cache`,
    'APT::Architecture': architecture,
    'APT::Install-Recommends': 'false',
    'Acquire::Languages': 'none',
    'Debug::NoLocking': '1',
    // root would otherwise fetch as a user who may not write here
    'APT::Sandbox::User': 'root',
  };
  return ['-q', ...Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`])];
}
