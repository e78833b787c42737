import { createTwoFilesPatch } from 'diff';

import type { BundleFiles } from '../domain/skills/bundle.ts';
import type { FileDiff } from '../domain/skills/file-diff.ts';

/** Most edits that are looked for; beyond them two texts have too little in common. */
const maxEdits = 2000;

/** Compares the files of two versions, by path; files that are the same are left out. */
export function diffFiles(before: BundleFiles, after: BundleFiles): FileDiff[] {
  const paths = [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted();
  return paths.flatMap((path) => {
    const [old, now] = [before[path], after[path]];
    if (old === now) return [];
    const change = old === undefined ? 'added' : now === undefined ? 'removed' : 'changed';
    return [{ path, change, patch: patchOf(path, old ?? '', now ?? '') }];
  });
}

function patchOf(path: string, before: string, after: string): string {
  const [from, to] = [`a/${path}`, `b/${path}`];
  const patch = createTwoFilesPatch(from, to, before, after, '', '', { context: 3, maxEditLength: maxEdits });
  if (patch !== undefined) return patch.replace(/^=+\n/, '');
  const lines = (text: string, sign: string): string => text.replaceAll(/^/gm, sign);
  return `--- ${from}\n+++ ${to}\n${lines(before, '-')}\n${lines(after, '+')}\n`;
}
