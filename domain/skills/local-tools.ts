import type { Sandbox, SkillBundles } from './ports.ts';
import type { SkillBundle } from './bundle.ts';
import type { CertificateChecker } from './certificate-seal.ts';
import type { CheckValue } from './read-manifest.ts';
import type { VersionRef } from './skill-name.ts';

/** What commands do with skills in their own process; nothing has to run for that. */
export type SkillTools = {
  readonly bundles: SkillBundles;
  /** The version in a folder where Talos keeps it, byte by byte; fails with SKILL_CHANGED. */
  readonly readKept: (folder: string, version: VersionRef) => Promise<SkillBundle>;
  readonly checkValue: CheckValue;
  readonly certificates: CertificateChecker;
  /** Ed25519 public key of this node, hex; undefined where this home has no key. */
  readonly nodePublicKey: () => string | undefined;
  /** The sandbox of this machine, to be put to the test anew, or as its owner's home remembers, which is quicker. Whoever asks for it closes it. */
  readonly sandbox: (proof: 'anew' | 'remembered') => Promise<Sandbox>;
};
