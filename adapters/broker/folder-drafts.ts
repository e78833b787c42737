import { randomUUID } from 'node:crypto';
import { type FileHandle, lstat, opendir, unlink } from 'node:fs/promises';

/** What a file is called while it is written, beside the place it will have. */
const draftName = /^\.talos-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Age from which a draft was left behind by a process that was killed; writing one takes no minute. */
const staleMs = 3_600_000;

/** A free path for a draft in an open folder. */
export function draftPath(folder: FileHandle): string {
  return `${pathOf(folder)}/.talos-${randomUUID()}`;
}

/** Whether a name is the one of a draft: nothing a skill should see. */
export function isDraftName(name: string): boolean {
  return draftName.test(name);
}

/** Makes what clears folders of drafts that were left behind, each folder once. What it cannot clear stays: nobody's work fails for it. */
export function createDraftSweep(): (folder: FileHandle) => Promise<void> {
  const swept = new Set<string>();
  return async (folder) => {
    const { dev, ino } = await folder.stat();
    if (swept.has(`${dev} ${ino}`)) return;
    swept.add(`${dev} ${ino}`);
    await sweep(pathOf(folder)).catch(() => undefined); // a folder that cannot be listed may still be written into
  };
}

async function sweep(folder: string): Promise<void> {
  for await (const { name } of await opendir(folder)) {
    if (!isDraftName(name)) continue;
    const found = await lstat(`${folder}/${name}`);
    if (found.isFile() && Date.now() - found.mtimeMs > staleMs) await unlink(`${folder}/${name}`);
  }
}

/** Through the open folder itself, wherever it has been moved to. */
function pathOf(folder: FileHandle): string {
  return `/proc/self/fd/${folder.fd}`;
}
