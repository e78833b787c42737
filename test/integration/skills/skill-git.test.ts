import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';

import { beforeEach, describe, expect, it } from 'vitest';

import { isRepository, readSkillRepository } from '../../../adapters/skill-git.ts';
import { scratchFolder } from '../../support/scratch-folder.ts';
import { bundleWith } from '../../unit/domain/skills/bundles.ts';

const bundle = bundleWith();
const signal = new AbortController().signal;

let repository: string;
let tmp: string;

const git = (...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', '-C', repository, ...args]);

function commit(files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(repository, path)), { recursive: true });
    writeFileSync(join(repository, path), text);
  }
  git('add', '-A');
  git('commit', '-qm', 'next');
}

beforeEach(() => {
  repository = scratchFolder();
  tmp = scratchFolder();
  git('init', '-q');
  commit(bundle.files);
});

const read = (url = `file://${repository}`) =>
  readSkillRepository(url, { maxBytes: 100_000, signal, tmp, protocols: ['file'] });

describe('a skill in a git repository', () => {
  it('is read from the newest commit, and the copy is gone afterwards', async () => {
    commit({ '.gitignore': 'x', 'notes.md': 'new' });
    expect(await read()).toEqual({ files: { ...bundle.files, 'notes.md': 'new' } });
    expect(readdirSync(tmp)).toEqual([]);
  });

  it('is read as it was committed, whatever is said of its export', async () => {
    const notes = 'of $Format:%H$\n';
    commit({ '.gitattributes': 'evals export-ignore\nnotes.md export-subst\n', 'notes.md': notes });
    expect(await read()).toEqual({ files: { ...bundle.files, 'notes.md': notes } });
  });

  it('is refused when it holds a link', async () => {
    symlinkSync('/etc/passwd', join(repository, 'passwd'));
    commit({});
    await expect(read()).rejects.toMatchObject({
      code: 'SKILL_INVALID',
      message: expect.stringContaining('is a link'),
    });
  });

  it('is refused when it holds more than a skill may have', async () => {
    commit({ 'large.txt': 'x'.repeat(3_000_000) });
    await expect(read()).rejects.toMatchObject({ code: 'SKILL_INVALID' });
    expect(readdirSync(tmp)).toEqual([]);
  });

  it('runs nothing of the repository: no hook, no filter, no submodule', async () => {
    const mark = join(tmp, 'mark');
    const evil = `#!/bin/sh\ntouch ${mark}\n`;
    for (const hook of ['post-checkout', 'post-upload-pack', 'post-merge', 'reference-transaction']) {
      writeFileSync(join(repository, '.git/hooks', hook), evil, { mode: 0o755 });
    }
    git('config', 'filter.evil.smudge', `touch ${mark}`);
    commit({
      '.gitattributes': '* filter=evil\n',
      '.gitmodules': `[submodule "x"]\n\tpath = x\n\turl = ext::sh -c "touch ${mark}"\n`,
    });
    rmSync(mark, { force: true }); // what committing itself ran
    expect((await read()).files).toEqual(bundle.files);
    expect(existsSync(mark)).toBe(false);
  });

  it.each([
    'ext::sh -c id',
    '--upload-pack=touch /tmp/x',
    'git://example.org/x',
    'http://example.org/x',
    'https://user:secret@example.org/x',
    'https://token@example.org/x',
    '/etc',
    '',
    'file:///etc',
  ])('is not fetched from %j unless that was asked for', async (url) => {
    await expect(readSkillRepository(url, { maxBytes: 1000, signal, tmp })).rejects.toMatchObject({
      code: 'VALIDATION_FAILED',
      message: expect.not.stringContaining('secret'),
    });
  });

  it('is NOT_FOUND where there is no repository', async () => {
    await expect(read(`file://${tmp}/none`)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(readdirSync(tmp)).toEqual([]);
  });

  it('is told of without the key in its address', async () => {
    const failure = await read(`file://${tmp}/none?private_token=s3cret`).catch((thrown: unknown) => thrown);
    expect(failure).toMatchObject({ code: 'NOT_FOUND', message: expect.stringContaining(`file://${tmp}/none?`) });
    expect(failure).not.toMatchObject({ message: expect.stringContaining('s3cret') });
  });

  it('is given up when it is stopped, though the other side never answers', async () => {
    const stop = new AbortController();
    const server = createServer(() => stop.abort());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const reading = readSkillRepository(`https://127.0.0.1:${port}/x`, { maxBytes: 1000, signal: stop.signal, tmp });
    await expect(reading).rejects.toMatchObject({ code: 'NOT_FOUND', message: expect.stringContaining('was stopped') });
    server.close();
  });

  it('is not fetched for somebody who has left already', async () => {
    let asked = 0;
    const server = createServer((socket) => {
      asked += 1;
      socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const options = { maxBytes: 1000, signal: AbortSignal.abort(), tmp };
    await expect(readSkillRepository(`https://127.0.0.1:${port}/x`, options)).rejects.toMatchObject({
      message: expect.stringContaining('was stopped'),
    });
    expect(asked).toBe(0);
    expect(readdirSync(tmp)).toEqual([]);
    server.close();
  });

  it.each([
    ['https://example.org/x.git', true],
    ['ssh://git@example.org/x', true],
    ['./skills/hello', false],
    ['hello.zip', false],
  ])('%s is told from a path', (text, expected) => {
    expect(isRepository(text)).toBe(expected);
  });
});
