import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import {
  chmod,
  chown,
  link,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { beforeEach, describe, expect, test } from 'vitest';

import { folderRule } from '../../../adapters/broker/folder.ts';
import type { JsonValue } from '../../../domain/json.ts';
import { isHostFault } from '../../../domain/skills/blame.ts';
import { scratchFolder } from '../../support/scratch-folder.ts';
import { failure, powersOf } from './support.ts';

const nobody = 65_534;

let root: string;
let outside: string;

beforeEach(async () => {
  const dir = scratchFolder();
  root = join(dir, 'granted');
  outside = join(dir, 'outside');
  await mkdir(join(root, 'notes'), { recursive: true });
  await mkdir(outside);
  await writeFile(join(root, 'a.txt'), 'alpha');
  await writeFile(join(outside, 'secret.txt'), 'secret');
});

function folderOf(access: 'read' | 'write' = 'write', granted = new Map([['inbox', root]])) {
  const { folder } = powersOf({ folders: [{ name: 'inbox', access }] }, { foldersOf: () => granted });
  return (input: Record<string, JsonValue>) => folder({ name: 'inbox', ...input });
}

describe('a granted folder', () => {
  test('is listed, read, written, and its files are moved and renamed', async () => {
    const folder = folderOf();
    expect(await folder({ action: 'list' })).toEqual([
      { name: 'a.txt', kind: 'file', bytes: 5 },
      { name: 'notes', kind: 'folder' },
    ]);
    expect(await folder({ action: 'read', path: 'a.txt' })).toBe('alpha');
    await folder({ action: 'write', path: 'notes/may.txt', text: 'grüße' });
    await folder({ action: 'write', path: 'notes/may.txt', text: 'june' });
    await folder({ action: 'mkdir', path: 'notes/old' });
    await folder({ action: 'move', path: 'notes/may.txt', to: 'notes/old/june.txt' });
    await folder({ action: 'rename', path: 'notes/old', to: 'archive' });
    expect(await readFile(join(root, 'archive/june.txt'), 'utf8')).toBe('june');
    expect(await readdir(join(root, 'notes'))).toEqual([]);
    expect(await folder({ action: 'list', path: 'archive' })).toEqual([{ name: 'june.txt', kind: 'file', bytes: 4 }]);
  });

  test('leaves a file that is written anew to those who could read it before', async () => {
    await chmod(join(root, 'a.txt'), 0o644);
    await folderOf()({ action: 'write', path: 'a.txt', text: 'beta' });
    expect((await stat(join(root, 'a.txt'))).mode & 0o777).toBe(0o644);
    await folderOf()({ action: 'write', path: 'new.txt', text: 'gamma' });
    expect((await stat(join(root, 'new.txt'))).mode & 0o777).toBe(0o600);
  });

  test('keeps every file where many are moved to the same place at once', async () => {
    const names = Array.from({ length: 16 }, (_, number) => `${number}.txt`);
    await Promise.all(names.map((name) => writeFile(join(root, 'notes', name), name)));
    const folder = folderOf();
    const moves = names.map((name) => folder({ action: 'move', path: `notes/${name}`, to: 'notes/taken.txt' }));
    const results = await Promise.allSettled(moves);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const left = await readdir(join(root, 'notes'));
    const texts = await Promise.all(left.map((name) => readFile(join(root, 'notes', name), 'utf8')));
    expect(texts.toSorted()).toEqual(names.toSorted());
  });

  test.each([
    { action: 'write', path: 'x', text: '' },
    { action: 'mkdir', path: 'x' },
    { action: 'move', path: 'a.txt', to: 'b.txt' },
  ])('for reading only takes no $action', async (input) => {
    expect(await failure(folderOf('read')(input))).toMatchObject({ code: 'PERMISSION_DENIED' });
    expect((await readdir(root)).toSorted()).toEqual(['a.txt', 'notes']);
    expect(await folderOf('read')({ action: 'read', path: 'a.txt' })).toBe('alpha');
  });

  test('has to be named by the manifest and granted by the owner', async () => {
    const { folder } = powersOf({}, { foldersOf: () => new Map([['inbox', root]]) });
    expect(await failure(folder({ action: 'list', name: 'inbox' }))).toMatchObject({ code: 'PERMISSION_DENIED' });
    // what the owner has yet to lend, or what is gone, is no offence of the skill
    const lacking = [new Map(), new Map([['inbox', join(root, 'gone')]])];
    for (const granted of lacking)
      expect(await failure(folderOf('read', granted)({ action: 'list' }))).toMatchObject({ code: 'CONFIG_INVALID' });
    expect(await failure(folderOf()({ action: 'list', name: 'outbox' }))).toMatchObject({ code: 'PERMISSION_DENIED' });
  });

  test.each([
    '..',
    '../outside/secret.txt',
    'notes/../../outside/secret.txt',
    '/etc/passwd',
    'a.txt\0',
    './a.txt',
    '',
    'notes//x',
    'x/'.repeat(40),
  ])('is not left by the path %j', async (path) => {
    const folder = folderOf();
    for (const call of [
      { action: 'read', path },
      { action: 'write', path, text: 'x' },
      { action: 'mkdir', path },
      { action: 'move', path: 'a.txt', to: path },
      { action: 'move', path, to: 'x' },
    ]) {
      expect(await failure(folder(call)), call.action).toMatchObject({ code: 'PERMISSION_DENIED' });
    }
    expect(await readdir(outside)).toEqual(['secret.txt']);
    expect(await readFile(join(root, 'a.txt'), 'utf8')).toBe('alpha');
  });

  test('is not left by links', async () => {
    await symlink(outside, join(root, 'way-out'));
    await symlink(join(outside, 'secret.txt'), join(root, 'secret.txt'));
    const folder = folderOf();
    for (const call of [
      { action: 'list', path: 'way-out' },
      { action: 'read', path: 'way-out/secret.txt' },
      { action: 'read', path: 'secret.txt' },
      { action: 'write', path: 'way-out/new.txt', text: 'x' },
      { action: 'mkdir', path: 'way-out/new' },
      { action: 'move', path: 'a.txt', to: 'way-out/a.txt' },
      { action: 'move', path: 'way-out/secret.txt', to: 'stolen.txt' },
      { action: 'move', path: 'secret.txt', to: 'stolen.txt' },
    ]) {
      expect(await failure(folder(call)), JSON.stringify(call)).toMatchObject({ code: 'PERMISSION_DENIED' });
    }
    await folder({ action: 'write', path: 'secret.txt', text: 'mine' });
    expect(await readFile(join(outside, 'secret.txt'), 'utf8')).toBe('secret');
    expect(await readdir(outside)).toEqual(['secret.txt']);
    expect((await folder({ action: 'list' })) as unknown[]).toContainEqual({ name: 'way-out', kind: 'other' });
  });

  test('is not left when a folder is swapped for a link again and again meanwhile', async () => {
    await writeFile(join(root, 'notes/secret.txt'), 'harmless');
    await symlink(outside, join(root, 'link'));
    const folder = folderOf();
    let isSwapping = true;
    const swapping = (async () => {
      while (isSwapping) {
        await rename(join(root, 'notes'), join(root, 'kept'));
        await rename(join(root, 'link'), join(root, 'notes'));
        await rename(join(root, 'notes'), join(root, 'link'));
        await rename(join(root, 'kept'), join(root, 'notes'));
      }
    })();
    const read: unknown[] = [];
    for (let turn = 0; turn < 300; turn += 1) {
      read.push(await folder({ action: 'read', path: 'notes/secret.txt' }).catch(() => undefined));
      await folder({ action: 'write', path: 'notes/new.txt', text: 'x' }).catch(() => undefined);
    }
    isSwapping = false;
    await swapping;
    expect(read).not.toContain('secret');
    expect(await readdir(outside)).toEqual(['secret.txt']);
  });

  test('gives no pipes, devices or large files, and does not wait for them', async () => {
    await promisify(execFile)('mkfifo', [join(root, 'pipe')]);
    await writeFile(join(root, 'large'), Buffer.alloc(folderRule.fileBytes + 1));
    await writeFile(join(root, 'bytes'), Buffer.from([0xff, 0xfe]));
    const folder = folderOf();
    expect(await failure(folder({ action: 'read', path: 'pipe' }))).toMatchObject({ code: 'PERMISSION_DENIED' });
    expect(await failure(folder({ action: 'read', path: 'notes' }))).toMatchObject({ code: 'PERMISSION_DENIED' });
    expect(await failure(folder({ action: 'read', path: 'large' }))).toMatchObject({ code: 'BODY_TOO_LARGE' });
    expect(await failure(folder({ action: 'read', path: 'bytes' }))).toMatchObject({ code: 'VALIDATION_FAILED' });
    expect(await failure(folder({ action: 'read', path: 'gone' }))).toMatchObject({ code: 'NOT_FOUND' });
    expect(await failure(folder({ action: 'list', path: 'a.txt' }))).toMatchObject({ code: 'VALIDATION_FAILED' });
    const text = 'x'.repeat(folderRule.fileBytes + 1);
    expect(await failure(folder({ action: 'write', path: 'new', text }))).toMatchObject({ code: 'BODY_TOO_LARGE' });
    expect(await readdir(join(root, 'notes'))).toEqual([]);
  });

  test('with as many entries as are listed is put in order within one run, and no run asks without end', async () => {
    await rm(join(root, 'notes'), { recursive: true });
    const names = Array.from({ length: folderRule.mostEntries - 2 }, (_, number) => `${number}.txt`);
    await Promise.all(names.map((name) => writeFile(join(root, name), name)));
    const folder = folderOf();
    await folder({ action: 'mkdir', path: 'texts' });
    const listed = (await folder({ action: 'list' })) as { kind: string; name: string }[];
    expect(listed).toHaveLength(folderRule.mostEntries);
    for (const { kind, name } of listed)
      if (kind === 'file') await folder({ action: 'move', path: name, to: `texts/${name}` });
    expect(await readdir(root)).toEqual(['texts']);
    for (let call = listed.length + 1; call < folderRule.mostCalls; call += 1) await folder({ action: 'list' });
    expect(await failure(folder({ action: 'list' }))).toMatchObject({ code: 'TOO_MANY_REQUESTS' });
  });

  test('with more entries than are listed is no fault of the skill', async () => {
    const names = Array.from({ length: folderRule.mostEntries }, (_, number) => `${number}`);
    await Promise.all(names.map((name) => mkdir(join(root, name))));
    const thrown = await failure(folderOf()({ action: 'list' }));
    expect(thrown).toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining('1000 entries') });
    expect(isHostFault(thrown)).toBe(true);
  });

  test('takes at most 16 MiB a run', async () => {
    const folder = folderOf();
    const text = 'x'.repeat(folderRule.fileBytes);
    for (let file = 0; file < 16; file += 1) await folder({ action: 'write', path: `f${file}`, text });
    expect(await failure(folder({ action: 'write', path: 'more', text: 'x' }))).toMatchObject({
      code: 'TOO_MANY_REQUESTS',
    });
  });

  test('loses nothing to a move onto something, and no words of the host to an error', async () => {
    await writeFile(join(root, 'b.txt'), 'beta');
    const folder = folderOf();
    const failures = [
      await failure(folder({ action: 'move', path: 'a.txt', to: 'b.txt' })),
      await failure(folder({ action: 'move', path: 'notes', to: 'notes/inside' })),
      await failure(folder({ action: 'mkdir', path: 'notes' })),
      await failure(folder({ action: 'write', path: 'notes', text: 'x' })),
    ];
    for (const { code, message } of failures) {
      expect(code).toBe('VALIDATION_FAILED');
      expect(message).not.toContain(root);
    }
    expect(await readFile(join(root, 'b.txt'), 'utf8')).toBe('beta');
    expect((await readdir(root)).toSorted()).toEqual(['a.txt', 'b.txt', 'notes']);
  });

  test('is rid of what a write left behind that was killed, and never shows it', async () => {
    const [left, fresh, other] = [`.talos-${randomUUID()}`, `.talos-${randomUUID()}`, '.talos-notes'];
    for (const name of [left, fresh, other]) await writeFile(join(root, 'notes', name), 'half of a te');
    const longAgo = new Date(Date.now() - 2 * 3_600_000);
    for (const name of [left, other]) await utimes(join(root, 'notes', name), longAgo, longAgo);
    const folder = folderOf();
    expect(await folder({ action: 'list', path: 'notes' })).toEqual([{ name: other, kind: 'file', bytes: 12 }]);
    await folder({ action: 'write', path: 'notes/may.txt', text: 'may' });
    // what is young may be of a run that goes on
    expect((await readdir(join(root, 'notes'))).toSorted()).toEqual([fresh, other, 'may.txt'].toSorted());
  });

  test('that cannot be written for a reason of the machine is no fault of the skill', async () => {
    const folder = folderOf('write', new Map([['inbox', '/sys/kernel']])); // takes no files, not even from root
    for (const call of [
      { action: 'write', path: 'new.txt', text: 'x' },
      { action: 'mkdir', path: 'new' },
    ]) {
      const thrown = await failure(folder(call));
      expect(thrown).toMatchObject({ code: 'CONFIG_INVALID' });
      expect(isHostFault(thrown)).toBe(true);
    }
  });

  test('keeps a file where it was when it cannot be taken from there', async ({ skip }) => {
    skip(
      process.getuid?.() !== 0,
      'only root can become somebody who may write into one folder and not into the other',
    );
    await mkdir(join(root, 'own'));
    for (const path of ['own', 'a.txt']) await chown(join(root, path), nobody, nobody);
    await chmod(join(root, '..'), 0o755);
    process.seteuid?.(nobody);
    try {
      for (let turn = 0; turn < 2; turn += 1) {
        const thrown = await failure(folderOf()({ action: 'move', path: 'a.txt', to: 'own/a.txt' }));
        expect(thrown).toMatchObject({ code: 'CONFIG_INVALID' });
      }
    } finally {
      process.seteuid?.(0);
    }
    expect(await readdir(join(root, 'own'))).toEqual([]);
    expect(await readFile(join(root, 'a.txt'), 'utf8')).toBe('alpha');
  });

  test('writes into a file of its own when the old one has another name elsewhere', async () => {
    await link(join(outside, 'secret.txt'), join(root, 'twin.txt'));
    await folderOf()({ action: 'write', path: 'twin.txt', text: 'mine' });
    expect(await readFile(join(outside, 'secret.txt'), 'utf8')).toBe('secret');
    expect((await stat(join(root, 'twin.txt'))).nlink).toBe(1);
  });
});
