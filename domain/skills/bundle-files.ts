import { BundlePath } from './manifest.ts';
import type { BundleFiles } from './bundle.ts';
import { type BundleFinding, quoted } from './finding.ts';

/** Most files a bundle may have. */
export const maxBundleFiles = 100;

/** Lies beside a promoted version and is about the bundle, so it cannot be part of it. */
export const certificateFile = 'certificate.json';

/** Names other programs leave in a folder. They are passed over where a skill is read, so that none can have a part of such a name. */
const leftBehind: ReadonlySet<string> = new Set(['__MACOSX', 'node_modules', '__pycache__', 'Thumbs.db']);

/** Whether a part of a path is a name of version control, an editor or a system: no part of a skill. */
export function isLeftBehind(part: string): boolean {
  return part.startsWith('.') || leftBehind.has(part);
}

/**
 * Line ends become LF and a byte order mark goes, also where a program added a second one; everything else stays as it is. What is hashed
 * and stored is this form, and it is its own form.
 */
export function normaliseFiles(files: BundleFiles): BundleFiles {
  return Object.fromEntries(
    Object.entries(files).map(([path, text]) => [path, text.replace(/^\uFEFF+/, '').replaceAll(/\r+\n?/g, lineEnd)]),
  );
}

/** The whole run of CR is matched whatever follows, so that the time taken is linear. */
function lineEnd(run: string): string {
  return run.endsWith('\n') ? '\n' : run;
}

/** What is wrong with the paths, texts and size of a bundle. */
export function checkFiles(files: BundleFiles, maxBytes: number): BundleFinding[] {
  const paths = Object.keys(files);
  return [
    ...checkCount(paths.length),
    ...checkSize(files, maxBytes),
    ...paths.flatMap(checkPath),
    ...checkCollisions(paths),
    ...Object.entries(files).flatMap(([path, text]) => checkText(path, text)),
  ];
}

function checkCount(count: number): BundleFinding[] {
  return count > maxBundleFiles
    ? [{ file: 'the bundle', rule: `has ${count} files; at most ${maxBundleFiles} are allowed` }]
    : [];
}

function checkSize(files: BundleFiles, maxBytes: number): BundleFinding[] {
  const bytes = bundleBytes(files);
  const rule = `has ${bytes} bytes; at most ${maxBytes} are allowed (SKILL_MAX_SIZE_BYTES)`;
  return bytes > maxBytes ? [{ file: 'the bundle', rule }] : [];
}

/** Size of all paths and texts in UTF-8. */
export function bundleBytes(files: BundleFiles): number {
  const encoder = new TextEncoder();
  return Object.entries(files).reduce(
    (sum, [path, text]) => sum + encoder.encode(path).length + encoder.encode(text).length,
    0,
  );
}

function checkPath(path: string): BundleFinding[] {
  if (path.toLowerCase() === certificateFile) {
    return [{ file: certificateFile, rule: 'this name is kept for the promotion certificate; rename the file' }];
  }
  const stray = path.split('/').find((part) => leftBehind.has(part));
  if (stray !== undefined) {
    return [
      { file: quoted(path), rule: `has the part ${stray}, which is left out wherever a skill is read; rename it` },
    ];
  }
  const result = BundlePath.safeParse(path);
  if (result.success) return [];
  const rule = 'must be a relative path of letters, digits, ".", "_" and "-", no part of which starts with a dot';
  return [{ file: quoted(path), rule, example: 'scripts/main.js' }];
}

/** Names that are one file or a file and a folder on some machine. */
function checkCollisions(paths: readonly string[]): BundleFinding[] {
  const known = new Map<string, string>();
  const findings: BundleFinding[] = [];
  for (const path of paths) {
    const other = known.get(path.toLowerCase());
    if (other !== undefined) {
      findings.push({
        file: quoted(path),
        rule: `differs from ${quoted(other)} only in upper and lower case; rename one`,
      });
    }
    known.set(path.toLowerCase(), path);
  }
  for (const path of paths) {
    const folder = foldersOf(path).find((parent) => known.has(parent.toLowerCase()));
    if (folder !== undefined) findings.push({ file: quoted(path), rule: `lies in ${quoted(folder)}, which is a file` });
  }
  return findings;
}

/** Every folder above a file of a bundle, outermost first. */
export function foldersOf(path: string): string[] {
  const parts = path.split('/');
  return parts.slice(1).map((_part, index) => parts.slice(0, index + 1).join('/'));
}

function checkText(path: string, text: string): BundleFinding[] {
  const isText = !text.includes('\0') && text.isWellFormed();
  return isText ? [] : [{ file: quoted(path), rule: 'must be UTF-8 text; a skill holds no binary files' }];
}
