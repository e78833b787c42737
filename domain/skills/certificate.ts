import { z } from 'zod';

import { EgressAttempt, SandboxDriver, SandboxResources } from '../sandbox/run.ts';
import { BundleHash, SkillManifest } from './manifest.ts';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** One clean run of quarantine, as evidence. Inputs and outputs only as the SHA-256 of their canonical JSON (RFC 8785). */
export const CleanRun = z.strictObject({
  runId: z.string(),
  case: z.string(),
  inputHash: sha256,
  outputHash: sha256,
  driver: SandboxDriver,
  resources: SandboxResources,
  egress: z.array(EgressAttempt).max(64),
  /** ms since 1970. */
  finishedAt: z.int(),
});
export type CleanRun = z.infer<typeof CleanRun>;

/** How the cases came out with the skill and with the model alone. */
export const Benefit = z.strictObject({
  cases: z.int().nonnegative(),
  withSkill: z.int().nonnegative(),
  withoutSkill: z.int().nonnegative(),
  model: z.string(),
});
export type Benefit = z.infer<typeof Benefit>;

/** What is known of a version before the owner decides. */
export const Evidence = z.strictObject({
  runs: z.array(CleanRun).length(3),
  findings: z.array(z.string().max(300)).max(100),
  benefit: Benefit.optional(),
});
export type Evidence = z.infer<typeof Evidence>;

/** What a promotion certificate says. */
export const CertificateBody = z.strictObject({
  v: z.literal(1),
  bundle: BundleHash,
  manifest: SkillManifest,
  evidence: Evidence,
  /** Who consented, and by which approval. */
  approver: z.string(),
  approval: z.string(),
  /** Reason given for promoting in spite of a negative benefit. */
  override: z.string().max(500).optional(),
  /** ms since 1970. */
  promotedAt: z.int(),
});
export type CertificateBody = z.infer<typeof CertificateBody>;

/** The body with the Ed25519 public key of the node that signed it and the signature, both hex. */
export const PromotionCertificate = z
  .strictObject({
    body: CertificateBody,
    publicKey: sha256,
    signature: z.string().regex(/^[0-9a-f]{128}$/),
  })
  .meta({ id: 'PromotionCertificate' });
export type PromotionCertificate = z.infer<typeof PromotionCertificate>;
