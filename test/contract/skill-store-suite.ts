import { beforeEach, describe, expect, it } from 'vitest';

import type { SkillShelf, SkillStore } from '../../domain/skills/ports.ts';
import type { SkillBundle } from '../../domain/skills/bundle.ts';
import { bundleWith } from '../unit/domain/skills/bundles.ts';
import { certificateFor } from '../unit/domain/skills/certificates.ts';

/** A store with the shelf a version lies on, as the owner would see it. */
export type InspectedStore = {
  readonly store: SkillStore;
  readonly shelfOf: (bundle: SkillBundle) => Promise<SkillShelf | undefined>;
};

const hash = 'a'.repeat(64);

/** What every skill store does; `create` must return an empty one. */
export function describeSkillStore(name: string, create: () => Promise<InspectedStore>) {
  describe(name, () => {
    let store: SkillStore;
    let shelfOf: InspectedStore['shelfOf'];
    const bundle = bundleWith();
    const id = bundle.manifest.id;

    beforeEach(async () => {
      ({ store, shelfOf } = await create());
    });

    it('gives back what was put, from quarantine', async () => {
      await store.put(bundle);
      expect(await store.load(id, bundle.hash)).toEqual(bundle);
      expect(await shelfOf(bundle)).toBe('quarantine');
    });

    it('keeps versions of one skill apart', async () => {
      const other = bundleWith({ 'notes.md': 'second version\n' });
      await store.put(bundle);
      await store.put(other);
      await store.place(id, other.hash, 'active');
      expect((await store.load(id, bundle.hash)).files['notes.md']).toBeUndefined();
      expect((await store.load(id, other.hash)).files['notes.md']).toBe('second version\n');
      expect([await shelfOf(bundle), await shelfOf(other)]).toEqual(['quarantine', 'active']);
    });

    it('moves a version from shelf to shelf; a move repeated changes nothing', async () => {
      await store.put(bundle);
      for (const shelf of ['active', 'active', 'deprecated', 'deprecated', 'deprecated', 'quarantine'] as const) {
        await store.place(id, bundle.hash, shelf);
        expect(await shelfOf(bundle)).toBe(shelf);
        expect(await store.load(id, bundle.hash)).toEqual(bundle);
      }
    });

    it('does not send an active version back to quarantine when it is put again', async () => {
      await store.put(bundle);
      await store.place(id, bundle.hash, 'active');
      await store.put(bundle);
      expect(await shelfOf(bundle)).toBe('active');
    });

    it('discards a version from quarantine, and none that was taken out of it', async () => {
      const other = bundleWith({ 'notes.md': 'second version\n' });
      for (const one of [bundle, other]) await store.put(one);
      await store.place(id, other.hash, 'active');
      for (const one of [bundle, other, bundle]) await store.discard(id, one.hash);
      expect([await shelfOf(bundle), await shelfOf(other)]).toEqual([undefined, 'active']);
      await expect(store.load(id, bundle.hash)).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await store.put(bundle);
      expect(await store.load(id, bundle.hash)).toEqual(bundle);
    });

    it('keeps a certificate with its version, wherever it moves', async () => {
      await store.put(bundle);
      expect(await store.certificate(id, bundle.hash)).toBeUndefined();
      const first = certificateFor(bundle);
      const second = certificateFor(bundle);
      await store.saveCertificate(first);
      await store.saveCertificate(second);
      await store.place(id, bundle.hash, 'active');
      expect(await store.certificate(id, bundle.hash)).toEqual(second);
      expect(await store.load(id, bundle.hash)).toEqual(bundle);
    });

    it('does not know what was never put', async () => {
      const missing = { code: 'NOT_FOUND' };
      await expect(store.load(id, hash)).rejects.toMatchObject(missing);
      await expect(store.place(id, hash, 'active')).rejects.toMatchObject(missing);
      await expect(store.certificate(id, hash)).rejects.toMatchObject(missing);
      await expect(store.saveCertificate(certificateFor(bundle))).rejects.toMatchObject(missing);
    });

    it.each([
      '../../x',
      '..',
      '.',
      '',
      '<b>x</b>',
      'Upper',
      'a'.repeat(65),
      'a/b',
      'word-count/../x',
      'a\u0000b',
      '.staging',
    ])('refuses the id %j everywhere', async (hostile) => {
      const refused = { code: 'VALIDATION_FAILED' };
      await expect(store.load(hostile, hash)).rejects.toMatchObject(refused);
      await expect(store.place(hostile, hash, 'active')).rejects.toMatchObject(refused);
      await expect(store.discard(hostile, hash)).rejects.toMatchObject(refused);
      await expect(store.certificate(hostile, hash)).rejects.toMatchObject(refused);
      const forged = { ...bundle, manifest: { ...bundle.manifest, id: hostile } };
      await expect(store.put(forged)).rejects.toMatchObject(refused);
      const certificate = certificateFor(bundle);
      const body = { ...certificate.body, manifest: forged.manifest };
      await expect(store.saveCertificate({ ...certificate, body })).rejects.toMatchObject(refused);
    });

    it.each(['', '..', '../../../x', 'a'.repeat(63), 'A'.repeat(64)])('refuses the hash %j', async (hostile) => {
      await expect(store.load(id, hostile)).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
    });

    it('stays whole when many put and move at once', async () => {
      await Promise.all(Array.from({ length: 8 }, () => store.put(bundle)));
      const shelves = ['active', 'deprecated', 'quarantine', 'active'] as const;
      await Promise.all(shelves.map((shelf) => store.place(id, bundle.hash, shelf)));
      await Promise.all([store.put(bundle), store.place(id, bundle.hash, 'active'), store.load(id, bundle.hash)]);
      expect(await store.load(id, bundle.hash)).toEqual(bundle);
      await store.place(id, bundle.hash, 'deprecated');
      expect(await shelfOf(bundle)).toBe('deprecated');
    });
  });
}
