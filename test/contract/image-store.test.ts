import { chmodSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { createImageFiles } from '../../adapters/image-files.ts';
import { createMemoryImageStore } from '../../adapters/memory/image-store.ts';
import { makePng } from '../support/pictures.ts';
import { scratchFolder } from '../support/scratch-folder.ts';
import { describeImageStore } from './image-store-suite.ts';

describeImageStore('image store in memory', async () => createMemoryImageStore());
describeImageStore('image store in files', async () => createImageFiles({ dir: join(scratchFolder(), 'images') }));

const picture = { type: 'image/png', bytes: makePng() } as const;

it('writes files for the owner alone, and leaves no halves', async () => {
  const dir = join(scratchFolder(), 'images');
  const { hash } = await createImageFiles({ dir }).put(picture);
  expect(readdirSync(dir)).toEqual([hash]);
  expect([statSync(dir).mode & 0o777, statSync(join(dir, hash)).mode & 0o777]).toEqual([0o700, 0o600]);
});

it('does not believe a file that is not what its name says, and mends it', async () => {
  const dir = join(scratchFolder(), 'images');
  const store = createImageFiles({ dir });
  const { hash } = await store.put(picture);
  chmodSync(join(dir, hash), 0o600);
  writeFileSync(join(dir, hash), 'something else');
  expect(await store.get(hash)).toBeUndefined();
  await store.put(picture);
  expect(readFileSync(join(dir, hash)).equals(picture.bytes)).toBe(true);
});

it('follows no link out of its folder', async () => {
  const dir = join(scratchFolder(), 'images');
  const store = createImageFiles({ dir });
  const { hash } = await store.put(picture);
  const elsewhere = join(scratchFolder(), 'elsewhere');
  writeFileSync(elsewhere, picture.bytes);
  rmSync(join(dir, hash));
  symlinkSync(elsewhere, join(dir, hash));
  expect(await store.get(hash)).toBeUndefined();
});

it('says which folder cannot be used', async () => {
  const file = join(scratchFolder(), 'a-file');
  writeFileSync(file, '');
  await expect(createImageFiles({ dir: join(file, 'images') }).put(picture)).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE',
    message: expect.stringContaining('a-file/images'),
  });
});
