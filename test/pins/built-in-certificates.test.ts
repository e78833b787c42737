import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { describe, expect, it } from 'vitest';

import { createCertificateChecker } from '../../adapters/certificate-crypto.ts';
import { readSkillPath } from '../../adapters/skill-archive.ts';
import { createBundleTools } from '../../adapters/skill-reader.ts';
import { type CertificateCheck, parseCertificate, verifyCertificate } from '../../domain/skills/certificate-seal.ts';
import { makersKey } from '../../domain/skills/makers-key.ts';
import { readBundle } from '../../domain/skills/read-bundle.ts';
import { scratchFolder } from '../support/scratch-folder.ts';

const shipped = fileURLToPath(new URL('../../skills', import.meta.url));
const tools = createBundleTools({ maxBytes: 1_048_576 });

async function check(folder: string): Promise<CertificateCheck> {
  const certificate = parseCertificate(readFileSync(`${folder}/certificate.json`, 'utf8'));
  if (certificate === undefined) throw new Error('no certificate');
  const bundle = readBundle((await readSkillPath(folder, tools)).files, tools);
  return verifyCertificate(certificate, { publicKey: makersKey, bundle }, createCertificateChecker());
}

describe.each(readdirSync(shipped))('the certificate of the built-in skill %s', (id) => {
  it('is of its makers and for exactly its files (else run: node workers/certify-skills.ts)', async () => {
    expect(await check(`${shipped}/${id}`)).toMatchObject({ ok: true });
  });

  it('does not fit changed files', async () => {
    const folder = `${scratchFolder()}/${id}`;
    cpSync(`${shipped}/${id}`, folder, { recursive: true });
    writeFileSync(`${folder}/scripts/main.js`, `${readFileSync(`${folder}/scripts/main.js`, 'utf8')}\n`);
    expect(await check(folder)).toMatchObject({ ok: false });
  });
});
