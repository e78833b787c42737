import type { SkillShelf, SkillStore } from '../../domain/skills/ports.ts';
import type { SkillBundle } from '../../domain/skills/bundle.ts';
import type { PromotionCertificate } from '../../domain/skills/certificate.ts';
import { checkVersion, noSuchVersion } from '../../domain/skills/skill-name.ts';

type Kept = { readonly bundle: SkillBundle; shelf: SkillShelf; certificate?: PromotionCertificate };

/** Skills in memory; nobody else can reach them, so nothing in them changes. */
export function createMemorySkillStore(): SkillStore & { shelfOf(id: string, hash: string): SkillShelf | undefined } {
  const versions = new Map<string, Kept>();

  function keyOf(id: string, hash: string): string {
    const version = checkVersion(id, hash);
    return `${version.id}/${version.hash}`;
  }

  function kept(id: string, hash: string): Kept {
    const found = versions.get(keyOf(id, hash));
    if (found === undefined) throw noSuchVersion({ id, hash });
    return found;
  }

  return {
    async put(bundle) {
      const key = keyOf(bundle.manifest.id, bundle.hash);
      if (!versions.has(key)) versions.set(key, { bundle: structuredClone(bundle), shelf: 'quarantine' });
    },
    load: async (id, hash) => structuredClone(kept(id, hash).bundle),
    async place(id, hash, shelf) {
      kept(id, hash).shelf = shelf;
    },
    async discard(id, hash) {
      const key = keyOf(id, hash);
      if (versions.get(key)?.shelf === 'quarantine') versions.delete(key);
    },
    async saveCertificate(certificate) {
      kept(certificate.body.manifest.id, certificate.body.bundle).certificate = structuredClone(certificate);
    },
    certificate: async (id, hash) => structuredClone(kept(id, hash).certificate),
    shelfOf: (id, hash) => versions.get(keyOf(id, hash))?.shelf,
  };
}
