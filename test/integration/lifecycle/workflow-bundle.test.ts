import { readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

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
