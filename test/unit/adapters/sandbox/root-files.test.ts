import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { expect, it } from 'vitest';

import { createOpenFiles } from '../../../../adapters/sandbox/root-files.ts';
import { scratchFolder } from '../../../support/scratch-folder.ts';

it('copies a closed file to where others can read it, again when the copy was tidied away', async () => {
  const closed = join(scratchFolder(), 'program');
  writeFileSync(closed, 'text', { mode: 0o600 });
  const files = createOpenFiles();
  const first = await files.reach(closed);
  expect(readFileSync(first, 'utf8')).toBe('text');
  rmSync(dirname(first), { recursive: true });
  const second = await files.reach(closed);
  expect(readFileSync(second, 'utf8')).toBe('text');
  await files.remove();
  expect(() => readFileSync(second)).toThrow('ENOENT');
});
