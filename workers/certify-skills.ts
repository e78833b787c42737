import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { readdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { createCertificateSigner, publicKeyHex } from '../adapters/certificate-crypto.ts';
import { createBubblewrapDriver } from '../adapters/sandbox/bubblewrap.ts';
import { createSandbox } from '../adapters/sandbox/sandbox.ts';
import { readSkillPath } from '../adapters/skill-archive.ts';
import { createBundleTools } from '../adapters/skill-reader.ts';
import { canonicalJson } from '../domain/canonical-json.ts';
import type { Sandbox } from '../domain/skills/ports.ts';
import { certificateFile } from '../domain/skills/bundle-files.ts';
import type { SkillBundle } from '../domain/skills/bundle.ts';
import { scriptedPowers } from '../domain/skills/case-replies.ts';
import type { EvalCase } from '../domain/skills/cases.ts';
import { formatCertificate, signCertificate } from '../domain/skills/certificate-seal.ts';
import type { CleanRun } from '../domain/skills/certificate.ts';
import { judgeCase } from '../domain/skills/judge-case.ts';
import { readBundle } from '../domain/skills/read-bundle.ts';
import { scanBundle } from '../domain/skills/scan.ts';

// Run before a release that changes a built-in skill: node workers/certify-skills.ts
// It signs all of them with a key that is thrown away afterwards; only its public half stays.

const folder = fileURLToPath(new URL('../skills', import.meta.url));
const keyFile = fileURLToPath(new URL('../domain/skills/makers-key.ts', import.meta.url));
const tools = createBundleTools({ maxBytes: 1_048_576 });
const { privateKey } = generateKeyPairSync('ed25519');
const sandbox = createSandbox(createBubblewrapDriver());
await sandbox.prove(AbortSignal.timeout(60_000));
try {
  for (const id of await readdir(folder)) {
    const { files } = await readSkillPath(`${folder}/${id}`, tools);
    const certificate = await certify(readBundle(files, tools));
    await writeFile(`${folder}/${id}/${certificateFile}`, formatCertificate(certificate));
  }
  await writeFile(keyFile, keySource(publicKeyHex(privateKey)));
} finally {
  await sandbox.close();
}

async function certify(bundle: SkillBundle) {
  const runs: CleanRun[] = [];
  for (const evalCase of bundle.cases.slice(0, 3)) runs.push(await runCase(sandbox, bundle, evalCase));
  const body = {
    v: 1,
    bundle: bundle.hash,
    manifest: bundle.manifest,
    evidence: { runs, findings: scanBundle(bundle) },
    approver: 'the makers of Talos',
    approval: 'built-in',
    promotedAt: Date.now(),
  } as const;
  return signCertificate(body, createCertificateSigner(privateKey));
}

async function runCase(target: Sandbox, bundle: SkillBundle, evalCase: EvalCase): Promise<CleanRun> {
  const { id, language, entry, limits, output: schema } = bundle.manifest;
  const runId = `${id}.${randomUUID()}`;
  const powers = scriptedPowers(evalCase.replies ?? []);
  const { input } = evalCase;
  const request = { runId, language, files: bundle.files, entry, input, limits, until: 'whole' } as const;
  const report = await target.run(request, powers, AbortSignal.timeout(60_000));
  const output = report.output ?? null;
  const isRight = tools.checkValue(schema, output).length === 0 && judgeCase(evalCase, output).pass;
  if (report.verdict !== 'ok' || !isRight)
    throw new Error(`${id}, case ${evalCase.id}: ${report.reason ?? 'wrong output'}`);
  return {
    runId,
    case: evalCase.id,
    inputHash: tools.hash(canonicalJson(evalCase.input)),
    outputHash: tools.hash(canonicalJson(output)),
    driver: report.driver,
    resources: report.resources,
    egress: [...powers.egress()],
    finishedAt: Date.now(),
  };
}

function keySource(publicKey: string): string {
  return `/** Ed25519 public key, hex, of the key that signed the built-in skills of this release; written by workers/certify-skills.ts. */
export const makersKey = '${publicKey}';
`;
}
