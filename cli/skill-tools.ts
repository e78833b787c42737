import type { Sandbox, SkillBundles } from '../domain/ports.ts';
import type { CertificateChecker } from '../domain/skills/certificate-seal.ts';
import type { CheckValue } from '../domain/skills/read-manifest.ts';

/** What commands do with skills in their own process; nothing has to run for that. */
export type SkillTools = {
  readonly bundles: SkillBundles;
  readonly checkValue: CheckValue;
  readonly certificates: CertificateChecker;
  /** Ed25519 public key of this node, hex; undefined where this home has no key. */
  readonly nodePublicKey: () => string | undefined;
  /** The sandbox of this machine, not put to the test yet. Whoever asks for it closes it. */
  readonly sandbox: () => Promise<Sandbox>;
};
