import { createHash } from 'node:crypto';

import { describe, expect, it } from 'vitest';

import type { ImageStore } from '../../domain/images/ports.ts';
import { makePng } from '../support/pictures.ts';

/** What every store of pictures does; `create` must return an empty one. */
export function describeImageStore(name: string, create: () => Promise<ImageStore>) {
  describe(name, () => {
    const bytes = makePng();
    const hash = createHash('sha256').update(bytes).digest('hex');

    it('gives back what was put, by the hash of its bytes', async () => {
      const store = await create();
      const ref = await store.put({ type: 'image/png', bytes });
      expect(ref).toEqual({ hash, type: 'image/png', bytes: bytes.length });
      expect(Buffer.from((await store.get(hash)) ?? []).equals(bytes)).toBe(true);
    });

    it('keeps the same picture once, however often and at once it is put', async () => {
      const store = await create();
      const refs = await Promise.all(Array.from({ length: 5 }, () => store.put({ type: 'image/png', bytes })));
      expect(new Set(refs.map((ref) => ref.hash))).toEqual(new Set([hash]));
      expect(await store.get(hash)).toHaveLength(bytes.length);
    });

    it('has nothing it was not given', async () => {
      expect(await (await create()).get('0'.repeat(64))).toBeUndefined();
    });
  });
}
