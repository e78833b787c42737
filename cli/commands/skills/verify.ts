import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';

import type { Command } from 'commander';

import { homePaths } from '../../../domain/config/paths.ts';
import { TalosError } from '../../../domain/errors.ts';
import { certificateFile } from '../../../domain/skills/bundle-files.ts';
import {
  type CertificateExpectations,
  maxCertificateBytes,
  parseCertificate,
  verifyCertificate,
} from '../../../domain/skills/certificate-seal.ts';
import type { CertificateBody } from '../../../domain/skills/certificate.ts';
import { makersKey } from '../../../domain/skills/makers-key.ts';
import { SkillId } from '../../../domain/skills/manifest.ts';
import { manifestFile } from '../../../domain/skills/read-manifest.ts';
import type { CliDeps } from '../../command.ts';
import { plainLine } from '../../plain-text.ts';
import { describeBenefit, describeRun } from '../../skill-card.ts';
import type { SkillTools } from '../../../domain/skills/local-tools.ts';

const examples = `
Needs nothing that runs. Checks the signature, that the three runs are what a promotion takes, and, where the files of the skill lie
beside the certificate, that they are the ones it is for. Ends with 77 when something does not hold.

Examples:
  talos skills verify csv-summary
  talos skills verify ~/talos/skills/active/csv-summary/0123456789ab/certificate.json`;

/** `talos skills verify`: checks a promotion certificate offline. */
export function addSkillVerify(skills: Command, deps: CliDeps): void {
  skills
    .command('verify')
    .description('check the certificate of a promoted skill')
    .argument('<certificate>', 'a certificate.json, or the name of a skill of this home')
    .option('--json', 'print the result as JSON, one object per line for each certificate')
    .addHelpText('after', examples)
    .action(async (given: string, options: { json?: true }) => {
      const paths = await certificatesOf(given, homePaths(deps.config()).skills);
      const tools = await deps.skillTools(deps.config());
      for (const path of paths) await verify(path, { tools, deps, isJson: options.json === true });
    });
}

/** The file itself, or the certificates of the active version of a skill, or of its former ones. */
async function certificatesOf(given: string, skills: string): Promise<string[]> {
  if (!SkillId.safeParse(given).success) return [given];
  for (const shelf of ['active', 'quarantine', 'deprecated']) {
    const folder = join(skills, shelf, given);
    const versions = await readdir(folder).catch(() => []); // not on this shelf
    const found = versions.map((version) => join(folder, version, certificateFile));
    const there = await Promise.all(found.map(isFile));
    const paths = found.filter((_, index) => there[index]);
    if (paths.length > 0) return paths;
  }
  if (await isFile(given)) return [given];
  throw new TalosError('NOT_FOUND', `There is no certificate of a skill ${given} in ${skills}; was it ever promoted?`);
}

type Verification = { readonly tools: SkillTools; readonly deps: CliDeps; readonly isJson: boolean };

async function verify(path: string, { tools, deps, isJson }: Verification): Promise<void> {
  const certificate = parseCertificate(await readText(path));
  if (certificate === undefined) throw broken(path, ['It is no promotion certificate, or its text was changed.']);
  const isBuiltIn = certificate.publicKey === makersKey;
  const publicKey = isBuiltIn ? makersKey : tools.nodePublicKey();
  const { manifest, bundle: hash } = certificate.body;
  const expectations: CertificateExpectations = {
    ...(publicKey !== undefined && { publicKey }),
    ...(isKept(path, deps)
      ? { bundle: await tools.readKept(dirname(path), { id: manifest.id, hash }) }
      : await bundleBeside(path, tools)),
  };
  const check = verifyCertificate(certificate, expectations, tools.certificates);
  if (!check.ok) throw broken(path, check.problems);
  const { body } = check.certificate;
  const signer = isBuiltIn ? 'the makers of Talos' : publicKey === undefined ? undefined : 'this node';
  const checked = { files: expectations.bundle !== undefined, signer: signer ?? null };
  if (isJson) return deps.output.line(JSON.stringify({ ok: true, certificate: path, checked, ...check.certificate }));
  for (const line of describe(body, checked)) deps.output.line(line);
}

/** Whether it lies where Talos keeps skills: there every byte of the files counts, elsewhere the skill they are read as. */
function isKept(path: string, deps: CliDeps): boolean {
  return resolve(path).startsWith(`${resolve(homePaths(deps.config()).skills)}${sep}`);
}

async function bundleBeside(path: string, tools: SkillTools): Promise<Pick<CertificateExpectations, 'bundle'>> {
  const folder = dirname(path);
  if (basename(path) !== certificateFile || !(await isFile(join(folder, manifestFile)))) return {};
  return { bundle: await tools.bundles.fromPath(folder) };
}

function describe(body: CertificateBody, checked: { files: boolean; signer: string | null }): string[] {
  return [
    `OK: skill ${body.manifest.id} ${body.manifest.version}, ${body.bundle}`,
    `  promoted     ${new Date(body.promotedAt).toISOString()} by ${plainLine(body.approver)}, approval ${plainLine(body.approval)}`,
    ...body.evidence.runs.map((run) => `  clean run    ${plainLine(describeRun(run), 200)}`),
    `  benefit      ${describeBenefit(body.evidence.benefit)}`,
    ...(body.override === undefined ? [] : [`  override     ${plainLine(body.override, 300)}`]),
    `  signed by    ${checked.signer ?? 'some node; this home has no key to compare with'}`,
    `  files        ${checked.files ? 'are the ones it is for' : 'do not lie beside it; only the certificate was checked'}`,
  ];
}

function broken(path: string, problems: readonly string[]): TalosError {
  return new TalosError(
    'SKILL_CHANGED',
    `${path} does not hold: ${problems.map((text) => plainLine(text, 300)).join(' ')}`,
  );
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

async function readText(path: string): Promise<string> {
  try {
    if ((await stat(path)).size > maxCertificateBytes) return '';
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new TalosError('NOT_FOUND', `${path} cannot be read: ${String(cause)}`, { cause });
  }
}
