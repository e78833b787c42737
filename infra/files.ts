import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, linkSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';

/** Creates a file with all its content or not at all, and never over an existing one; tells whether it was created. */
export function createWhole(path: string, content: string, mode: number): boolean {
  if (existsSync(path)) return false;
  const temporary = writeBeside(path, content, mode);
  try {
    linkSync(temporary, path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  } finally {
    unlinkSync(temporary);
  }
}

/** Replaces a file with all the new content or not at all. */
export function replaceWhole(path: string, content: string, mode: number): void {
  renameSync(writeBeside(path, content, mode), path);
}

function writeBeside(path: string, content: string, mode: number): string {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    writeFileSync(temporary, content, { flag: 'wx', mode: mode & 0o700, flush: true });
    chmodSync(temporary, mode);
  } catch (error) {
    rmSync(temporary, { force: true }); // a full disk makes the file and refuses what was to be in it
    throw error;
  }
  return temporary;
}
