import { readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { expect, test } from 'vitest';

import { buildBundle } from '../../../workers/bundle.ts';
import { scratchFolder } from '../../support/scratch-folder.ts';

test('the workflow bundle is kept in the next place where the first takes no files, and found there', async () => {
  const places = [join(scratchFolder(), 'a-file/folder'), scratchFolder()];
  writeFileSync(dirname(places[0] ?? ''), '');
  const path = await buildBundle(places);
  expect(dirname(path)).toBe(places[1]);
  expect(await buildBundle(places)).toBe(path);
  expect(readdirSync(dirname(path))).toHaveLength(1);
});

test('bundles of older sources go when a new one is made, but for the three used last; a use keeps one, other files stay', async () => {
  const place = scratchFolder();
  const name = (number: number) => `workflows-${String(number).padStart(16, '0')}.js`;
  for (const number of [1, 2, 3, 4]) writeFileSync(join(place, name(number)), '');
  writeFileSync(join(place, `${name(5)}.123`), 'half written');
  writeFileSync(join(place, 'notes.js'), '');
  readdirSync(place).forEach((file, at) => utimesSync(join(place, file), 1000 + at, 1000 + at));
  utimesSync(join(place, name(2)), 2000, 2000);
  utimesSync(join(place, name(4)), 3000, 3000);
  const path = await buildBundle([place]);
  const left = [basename(path), name(2), name(4), 'notes.js'];
  expect(readdirSync(place).toSorted()).toEqual(left.toSorted());
  utimesSync(path, 1000, 1000);
  await buildBundle([place]);
  expect(statSync(path).mtimeMs).toBeGreaterThan(3_000_000);
});
