import type { TextHasher } from '../ports.ts';
import type { BundleFiles } from './bundle.ts';
import type { BundleHash } from './manifest.ts';

/** Says what the text is for, so that a hash of one kind is never taken for another. */
const purpose = 'talos-bundle-v1';

/**
 * The canonical form of a bundle: the purpose on a line, then for each file, sorted by path in code-unit order, its path and its
 * text, each as `<length in bytes of UTF-8>:<text>` and a line feed. Lengths go first, so that no text can pass for the next file.
 * Names, modes and times of folders are not part of it.
 */
export function canonicalBundle(files: BundleFiles): string {
  const entries = Object.entries(files).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return [`${purpose}\n`, ...entries.map(([path, text]) => counted(path) + counted(text))].join('');
}

/** The identity of a bundle: SHA-256 of its canonical form. */
export function hashBundle(files: BundleFiles, hash: TextHasher): BundleHash {
  return hash(canonicalBundle(files));
}

function counted(text: string): string {
  return `${new TextEncoder().encode(text).length}:${text}\n`;
}
