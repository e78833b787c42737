import { generateKeyPairSync } from 'node:crypto';

import { createCertificateChecker, createCertificateSigner } from '../../../../adapters/certificate-crypto.ts';
import type { SkillBundle } from '../../../../domain/skills/bundle.ts';
import {
  type CertificateSigner,
  signCertificate,
  verifyCertificate,
} from '../../../../domain/skills/certificate-seal.ts';
import type { CertificateBody, PromotionCertificate } from '../../../../domain/skills/certificate.ts';

/** A signer with a key of its own. */
export function createTestSigner(): CertificateSigner {
  return createCertificateSigner(generateKeyPairSync('ed25519').privateKey);
}

/** What an honest promotion of a bundle says. */
export function bodyFor(bundle: SkillBundle): CertificateBody {
  return {
    v: 1,
    bundle: bundle.hash,
    manifest: bundle.manifest,
    evidence: {
      runs: ['a', 'b', 'c'].map((name, index) => ({
        runId: `run-${name}`,
        case: `case-${name}`,
        inputHash: name.repeat(64),
        outputHash: String(index).repeat(64),
        driver: 'bubblewrap',
        resources: { wallMs: 31.5, cpuMs: 20 },
        egress: [{ host: 'api.example.org', method: 'GET', allowed: false, bytes: 0, reason: 'not named' }],
        finishedAt: 1_700_000_000_000 + index,
      })),
      findings: ['scripts/main.js, line 1: reads or writes files.'],
      benefit: { cases: 4, withSkill: 4, withoutSkill: 1, model: 'talos-test' },
    },
    approver: 'admin',
    approval: 'approval-1',
    promotedAt: 1_700_000_000_100,
  };
}

/** What speaks against a certificate, whoever signed it. */
export function checkCertificate(certificate: PromotionCertificate): readonly string[] {
  const check = verifyCertificate(certificate, {}, createCertificateChecker());
  return check.ok ? [] : check.problems;
}

/** A certificate of an honest promotion. */
export function certificateFor(bundle: SkillBundle, signer = createTestSigner()): PromotionCertificate {
  return signCertificate(bodyFor(bundle), signer);
}
