import { constants } from 'node:fs';
import { type FileHandle, link, lstat, mkdir, open, opendir, rename, unlink } from 'node:fs/promises';

import { z } from 'zod';

import { TalosError } from '../../domain/errors.ts';
import type { JsonValue } from '../../domain/json.ts';
import type { SkillPermissions } from '../../domain/skills/manifest.ts';
import { createDraftSweep, draftPath, isDraftName } from './folder-drafts.ts';
import { atPlace, denied, inFolder, notLent, pathParts, type Place } from './folder-walk.ts';
import { parsePowerInput } from './input.ts';

const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK } = constants;

/** What one call and one run may do: enough to move each entry of the largest folder that is listed. */
export const folderRule = { fileBytes: 1_048_576, runBytes: 16_777_216, mostEntries: 1000, mostCalls: 1500 } as const;

const name = z.string().max(64);
const path = z.string().max(1024);

const FolderInput = z.discriminatedUnion('action', [
  z.strictObject({ action: z.literal('list'), name, path: path.default('') }),
  z.strictObject({ action: z.literal('read'), name, path }),
  z.strictObject({ action: z.literal('write'), name, path, text: z.string() }),
  z.strictObject({ action: z.literal('mkdir'), name, path }),
  z.strictObject({ action: z.enum(['move', 'rename']), name, path, to: path }),
]);
type FolderInput = z.infer<typeof FolderInput>;

/** Where the folders lie that the owner granted, by their names in the manifest. */
export type GrantedFolders = ReadonlyMap<string, string>;

/** Makes the power over folders of one run. Fails with PERMISSION_DENIED for all that was not granted, and for every link. */
export function createFolderPower({ folders }: Pick<SkillPermissions, 'folders'>, granted: GrantedFolders) {
  let calls = 0;
  let moved = 0;
  const sweepDrafts = createDraftSweep();
  const countBytes = (bytes: number): void => {
    moved += bytes;
    if (moved > folderRule.runBytes) {
      throw new TalosError(
        'TOO_MANY_REQUESTS',
        `A run reads and writes at most ${folderRule.runBytes} bytes of folders.`,
      );
    }
  };

  return async function useFolder(input: JsonValue): Promise<JsonValue> {
    calls += 1;
    if (calls > folderRule.mostCalls) {
      throw new TalosError('TOO_MANY_REQUESTS', `A run makes at most ${folderRule.mostCalls} calls to folders.`);
    }
    const call = parsePowerInput(FolderInput, input, 'folder');
    const permission = folders.find((folder) => folder.name === call.name);
    const root = granted.get(call.name);
    if (permission === undefined) throw denied(`the manifest does not name the folder "${call.name}"`);
    if (root === undefined) throw notLent(`the folder "${call.name}" is not granted`);
    const isReading = call.action === 'list' || call.action === 'read';
    if (!isReading && permission.access !== 'write') throw denied(`the folder "${call.name}" is for reading only`);
    try {
      return await perform(root, call, { countBytes, sweepDrafts });
    } catch (thrown) {
      throw toFolderError(thrown, call);
    }
  };
}

type Upkeep = {
  readonly countBytes: (bytes: number) => void;
  readonly sweepDrafts: (folder: FileHandle) => Promise<void>;
};

async function perform(root: string, call: FolderInput, { countBytes, sweepDrafts }: Upkeep): Promise<JsonValue> {
  switch (call.action) {
    case 'list':
      return inFolder(root, call.path === '' ? [] : pathParts(call.path), listEntries);
    case 'read': {
      const text = await atPlace(root, call.path, readFile);
      countBytes(Buffer.byteLength(text));
      return text;
    }
    case 'write':
      countBytes(Buffer.byteLength(call.text));
      await atPlace(root, call.path, async (place) => {
        await sweepDrafts(place.parent);
        await writeFile(place, call.text);
      });
      return null;
    case 'mkdir':
      await atPlace(root, call.path, (place) => mkdir(place.path));
      return null;
    case 'move':
    case 'rename':
      await atPlace(root, call.path, (from) => atPlace(root, call.to, (to) => moveEntry(from, to)));
      return null;
  }
}

async function listEntries(folder: FileHandle): Promise<JsonValue> {
  const entries: { name: string; kind: string; bytes?: number }[] = [];
  const own = `/proc/self/fd/${folder.fd}`;
  for await (const entry of await opendir(own)) {
    if (isDraftName(entry.name)) continue;
    if (entries.length === folderRule.mostEntries) {
      // no skill can know of that before, or ask for less
      const message = `ctx.folder: the folder has more than ${folderRule.mostEntries} entries; its owner has to lend a smaller one.`;
      throw new TalosError('CONFIG_INVALID', message);
    }
    const found = await lstat(`${own}/${entry.name}`).catch(() => undefined); // gone meanwhile
    if (found === undefined) continue;
    if (found.isFile()) entries.push({ name: entry.name, kind: 'file', bytes: found.size });
    else entries.push({ name: entry.name, kind: found.isDirectory() ? 'folder' : 'other' });
  }
  return entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** Asks without waiting, so that a pipe does not hold the run up; only plain files are read. */
async function readFile({ path: place }: Place): Promise<string> {
  const file = await open(place, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    if (!(await file.stat()).isFile()) throw denied('only plain files are read');
    const buffer = Buffer.alloc(folderRule.fileBytes + 1);
    let size = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, size, buffer.length - size, size);
      if (bytesRead === 0) break;
      size += bytesRead;
    }
    if (size > folderRule.fileBytes) {
      throw new TalosError('BODY_TOO_LARGE', `ctx.folder: the file is larger than ${folderRule.fileBytes} bytes.`);
    }
    return decode(buffer.subarray(0, size));
  } finally {
    await file.close();
  }
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new TalosError('VALIDATION_FAILED', 'ctx.folder: the file is no text in UTF-8.', { cause });
  }
}

/** Beside the file first, then in its place: a reader never sees half of it, and a link is replaced, not followed. */
async function writeFile({ parent, path: place }: Place, text: string): Promise<void> {
  if (Buffer.byteLength(text) > folderRule.fileBytes) {
    throw new TalosError('BODY_TOO_LARGE', `ctx.folder: a file is written with at most ${folderRule.fileBytes} bytes.`);
  }
  const draft = draftPath(parent);
  const file = await open(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    await file.writeFile(text);
    const former = await lstat(place).catch(() => undefined); // a new file is its owner's alone
    if (former?.isFile() === true) await file.chmod(former.mode & 0o777);
    await file.close();
    await rename(draft, place);
  } catch (error) {
    await file.close();
    await unlink(draft);
    throw error;
  }
}

/** Only files and folders are moved, and never onto something that is there. */
async function moveEntry(from: Place, to: Place): Promise<void> {
  const found = await lstat(from.path);
  if (!found.isFile() && !found.isDirectory()) throw denied('only files and folders are moved');
  const taken = await lstat(to.path).catch(() => undefined); // nothing there is what is wanted
  if (taken !== undefined) throw occupied();
  // a folder is never put onto a file, nor onto a folder that holds something
  if (found.isDirectory() || !(await linkAnew(from, to))) return await rename(from.path, to.path);
  await unlink(from.path).catch(async (error: unknown) => {
    const second = await lstat(to.path);
    if (second.ino === found.ino && second.dev === found.dev) await unlink(to.path); // or it would have both names for good
    throw error;
  });
}

/** Gives a file a second name if nothing has that name, which a rename would not look at; false where files have one name only. */
async function linkAnew(from: Place, to: Place): Promise<boolean> {
  try {
    await link(from.path, to.path);
    return true;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EEXIST') throw occupied();
    if (code === 'EPERM' || code === 'EACCES' || code === 'ENOTSUP' || code === 'EMLINK' || code === 'ENOSYS')
      return false;
    throw error;
  }
}

function occupied(): TalosError {
  return new TalosError('VALIDATION_FAILED', 'ctx.folder: there is something at that place already.');
}

/** What the system said, in our words; paths of the host stay out of it. */
function toFolderError(thrown: unknown, call: FolderInput): unknown {
  if (thrown instanceof TalosError) return thrown;
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'no reason';
  if (code === 'ELOOP') return denied('links are not followed');
  const where = `"${call.path}" of the folder "${call.name}"`;
  if (code === 'ENOENT') return new TalosError('NOT_FOUND', `ctx.folder: there is no ${where}.`);
  const failed = `ctx.folder: ${call.action} of ${where} failed (${code})`;
  if (code === 'ENOSPC' || code === 'EDQUOT') return new TalosError('DISK_FULL', `${failed}; the disk is full.`);
  if (machineFaults.has(code)) {
    return new TalosError('CONFIG_INVALID', `${failed}; whoever lent the folder has to mend its rights or its disk.`);
  }
  return new TalosError('VALIDATION_FAILED', `${failed}.`);
}

/** What a skill cannot help: files the owner lent without the right to use them, and a machine in trouble. */
const machineFaults: ReadonlySet<string> = new Set([
  'EACCES',
  'EPERM',
  'EROFS',
  'EIO',
  'ESTALE',
  'EMFILE',
  'ENFILE',
  'ENOMEM',
]);
