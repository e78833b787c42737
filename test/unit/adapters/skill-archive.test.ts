import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { readSkillArchive, readSkillPath, writeSkillArchive } from '../../../adapters/skill-archive.ts';
import { readTar, writeTar } from '../../../adapters/tar.ts';
import { readZip, writeZip } from '../../../adapters/zip.ts';
import type { BundleFiles } from '../../../domain/skills/bundle.ts';
import { bundleBytes } from '../../../domain/skills/bundle-files.ts';
import { checkBundle, readBundle } from '../../../domain/skills/read-bundle.ts';
import { scratchFolder } from '../../support/scratch-folder.ts';
import { bundleWith, tools } from '../domain/skills/bundles.ts';
import { certificateFor } from '../domain/skills/certificates.ts';

const bundle = bundleWith({ 'references/a.txt': 'Grüße 😀\n', 'empty.txt': '' });
const limits = { maxBytes: 100_000 };
const invalid = (message: string) =>
  expect.objectContaining({ code: 'SKILL_INVALID', message: expect.stringContaining(message) });
const read = (archive: Uint8Array) => readSkillArchive(Buffer.from(archive), limits);

/** A tar archive in which the header of the first file was changed. */
function tarWith(change: (header: Buffer) => void, text = 'x'): Buffer {
  const archive = Buffer.from(writeTar('skill', { 'SKILL.md': text }));
  change(archive.subarray(0, 512));
  archive.write(' '.repeat(8), 148);
  const sum = archive.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  archive.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return archive;
}

/** A folder on the disk with these files. */
function folderWith(files: BundleFiles): string {
  const folder = mkdtempSync(join(scratchFolder(), 'skill-'));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

describe('an exported skill', () => {
  it.each(['zip', 'tar.gz'] as const)('comes back from .%s as it was, certificate and all', async (kind) => {
    const certificate = certificateFor(bundle);
    const found = await read(writeSkillArchive(bundle, kind, certificate));
    expect(found.certificate).toEqual(certificate);
    expect(readBundle(found.files, tools)).toEqual(bundle);
  });

  it.each(['zip', 'tar.gz'] as const)('has the same hash after .%s, whatever files it may have', async (kind) => {
    const part = fc.oneof(
      fc.stringMatching(/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,9}$/),
      fc.constantFrom(
        'node_modules',
        '__pycache__',
        'Thumbs.db',
        '__MACOSX',
        'certificate.json',
        'con',
        '-',
        '__proto__',
      ),
    );
    const path = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
    const text = fc.string({ unit: fc.constantFrom('\r', '\n', '\uFEFF', 'a', '\u00e9', 'e\u0301', '\u2028', '\0') });
    await fc.assert(
      fc.asyncProperty(fc.dictionary(path, text, { maxKeys: 3 }), async (some) => {
        const reading = checkBundle({ ...bundle.files, ...some }, tools);
        if (!reading.ok) return; // refused where it is handed in
        const found = await read(writeSkillArchive(reading.bundle, kind));
        expect(readBundle(found.files, tools)).toEqual(reading.bundle);
      }),
    );
  });

  it('comes back though it is as large as a skill may be, and has a certificate beside its files', async () => {
    const rest = Object.fromEntries(
      Array.from({ length: 100 - Object.keys(bundle.files).length }, (_, n) => [`f${n}`, '']),
    );
    const padding = 100_000 - bundleBytes({ ...bundle.files, ...rest });
    const full = readBundle({ ...bundle.files, ...rest, f0: 'x'.repeat(padding) }, tools);
    const archive = (kind: 'zip' | 'tar.gz') => writeSkillArchive(full, kind, certificateFor(full));
    for (const kind of ['zip', 'tar.gz'] as const) {
      expect(readBundle((await readSkillArchive(Buffer.from(archive(kind)), tools)).files, tools)).toEqual(full);
    }
    const folder = scratchFolder();
    writeFileSync(join(folder, 'a.tar.gz'), archive('tar.gz'));
    execFileSync('tar', ['-xzf', 'a.tar.gz'], { cwd: folder });
    const { files } = await readSkillPath(join(folder, full.manifest.id), tools);
    expect(readBundle(files, tools)).toEqual(full);
  });

  it.each(['zip', 'tar.gz'] as const)('is the same .%s for the same skill', (kind) => {
    const reversed = { ...bundle, files: Object.fromEntries(Object.entries(bundle.files).toReversed()) };
    expect(writeSkillArchive(bundle, kind)).toEqual(writeSkillArchive(reversed, kind));
  });

  it('unpacks with the programs of this machine into a folder of its name', async () => {
    const folder = scratchFolder();
    writeFileSync(join(folder, 'a.tar.gz'), writeSkillArchive(bundle, 'tar.gz'));
    execFileSync('tar', ['-xzf', 'a.tar.gz'], { cwd: folder });
    expect((await readSkillPath(join(folder, bundle.manifest.id), limits)).files).toEqual(bundle.files);
    writeFileSync(join(folder, 'a.zip'), writeSkillArchive(bundle, 'zip'));
    const script = 'import sys, zipfile; z = zipfile.ZipFile("a.zip"); assert z.testzip() is None; z.extractall("z")';
    execFileSync('python3', ['-c', script], { cwd: folder });
    expect((await readSkillPath(join(folder, 'z', bundle.manifest.id), limits)).files).toEqual(bundle.files);
  });

  it('keeps any files through both kinds of archive', async () => {
    const part = fc.stringMatching(/^[A-Za-z0-9_-]{1,60}$/);
    const path = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
    const files = fc.dictionary(path, fc.string({ unit: 'grapheme' }), { maxKeys: 5 });
    await fc.assert(
      fc.asyncProperty(files, async (some) => {
        const sorted = Object.keys(some).toSorted();
        const texts = (entries: { path: string; bytes: Uint8Array }[]) =>
          entries.map((entry) => [entry.path.slice(2), Buffer.from(entry.bytes).toString('utf8')]);
        const expected = sorted.map((name) => [name, some[name]]);
        expect(texts(readTar(writeTar('s', some)))).toEqual(expected);
        expect(texts(await readZip(Buffer.from(writeZip('s', some)), { ...limits, maxFiles: 9 }))).toEqual(expected);
      }),
      { numRuns: 50 },
    );
  });
});

describe('a skill from elsewhere', () => {
  it('is read from what tar and zip of this machine make, with or without a folder around it', async () => {
    const folder = folderWith(bundle.files);
    const tar = (...args: string[]) => execFileSync('tar', ['-cf', '-', ...args], { maxBuffer: 1e7 });
    const name = folder.slice(folder.lastIndexOf('/') + 1);
    for (const archive of [
      tar('-C', folder, '.'),
      tar('-C', dirname(folder), name),
      tar('--format=pax', '-C', folder, '.'),
      tar('--format=gnu', '-C', dirname(folder), name),
      gzipSync(tar('-C', folder, '.')),
    ]) {
      expect((await read(archive)).files).toEqual(bundle.files);
    }
    const long = { ...bundle.files, [`${'d'.repeat(90)}/${'e'.repeat(90)}.txt`]: 'x' };
    for (const format of ['pax', 'gnu', 'ustar']) {
      expect((await read(tar(`--format=${format}`, '-C', folderWith(long), '.'))).files).toEqual(long);
    }
    const script = 'import shutil, sys; shutil.make_archive(sys.argv[1], "zip", sys.argv[1])';
    execFileSync('python3', ['-c', script, folder]);
    expect((await readSkillPath(`${folder}.zip`, limits)).files).toEqual(bundle.files);
  });

  it('is read without what version control and editors leave beside it', async () => {
    const extra = { '.git/config': 'x', '.DS_Store': 'x', 'node_modules/a/index.js': 'x', '__MACOSX/._a': 'x' };
    const folder = folderWith({ ...bundle.files, ...extra });
    mkdirSync(join(folder, 'empty'));
    expect((await readSkillPath(folder, limits)).files).toEqual(bundle.files);
    expect((await read(writeZip('s', { ...bundle.files, ...extra }))).files).toEqual(bundle.files);
  });

  it.each(['git+https://user:tok3n@host/x.git', 'user:tok3n@host:x.git'])(
    'is told of without the secret of %s',
    async (place) => {
      const failure = await readSkillPath(place, limits).catch((thrown: unknown) => thrown);
      expect(failure).toMatchObject({ code: 'NOT_FOUND', message: expect.stringContaining('https:// address') });
      expect(failure).not.toMatchObject({ message: expect.stringContaining('tok3n') });
    },
  );

  it('is NOT_FOUND where there is nothing', async () => {
    await expect(readSkillPath('/no/such/skill', limits)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('never leaves its folder: names that try are no skill', async () => {
    const hostile = tarWith((header) => header.write(`${'../'.repeat(5)}etc/cron.d/x\0`, 0));
    const { files } = await read(hostile);
    expect(checkBundle({ ...bundle.files, ...files }, tools)).toMatchObject({ ok: false });
    for (const path of ['../evil.md', '/etc/evil.md', 'a\\..\\evil.md', 'C:/evil.md']) {
      await expect(read(renamedZip(path))).rejects.toThrow(invalid('the archive cannot be read'));
    }
  });

  it.each([
    ['a hard link', '1', 'is a link'],
    ['a symbolic link', '2', 'is a link'],
    ['a device', '3', 'is no ordinary file'],
    ['a pipe', '6', 'is no ordinary file'],
    ['a sparse file', 'S', 'is no ordinary file'],
  ])('is refused when its tar holds %s', async (_name, type, message) => {
    await expect(read(tarWith((header) => header.write(type, 156)))).rejects.toThrow(invalid(message));
  });

  it('is refused when its zip holds a link', async () => {
    const zip = Buffer.from(writeZip('s', { 'SKILL.md': '/etc/passwd' }));
    const central = zip.indexOf(Buffer.from('504b0102', 'hex'));
    zip.writeUInt32LE((0o120777 << 16) >>> 0, central + 38);
    await expect(read(zip)).rejects.toThrow(invalid('is a link'));
  });

  it('is refused when its folder holds a link', async () => {
    const folder = folderWith(bundle.files);
    symlinkSync('/etc/passwd', join(folder, 'passwd'));
    await expect(readSkillPath(folder, limits)).rejects.toThrow(invalid('"passwd" is a link'));
  });

  it('is refused when more comes out of it than a skill may have', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    expect(bomb.length).toBeLessThan(60_000);
    await expect(read(bomb)).rejects.toThrow(invalid('more bytes than a skill may have'));
    const large = { 'a.txt': 'x'.repeat(60_000), 'b.txt': 'x'.repeat(60_000) };
    const { files } = await read(writeZip('s', { ...bundle.files, ...large }));
    expect(() => readBundle(files, tools)).toThrow(invalid('at most 100000 are allowed'));
    const huge = writeZip('s', { 'a.txt': 'x'.repeat(600_000), 'b.txt': 'x'.repeat(600_000) });
    await expect(read(huge)).rejects.toThrow(invalid('more bytes than a skill may have'));
    const many = Object.fromEntries(Array.from({ length: 201 }, (_, index) => [`f${index}.txt`, '']));
    await expect(read(writeZip('s', many))).rejects.toThrow(invalid('more than 200 files'));
    await expect(readSkillPath(folderWith(many), limits)).rejects.toThrow(invalid('more than 100 files'));
    await expect(readSkillPath(folderWith({ a: 'x'.repeat(1_200_000) }), limits)).rejects.toThrow(
      invalid('more bytes than a skill may have'),
    );
  });

  it('is refused when a zip lies about its size', async () => {
    const script =
      'import io, sys, zipfile; b = io.BytesIO(); z = zipfile.ZipFile(b, "w", zipfile.ZIP_DEFLATED); z.writestr("SKILL.md", "x" * 5000000); z.close(); sys.stdout.buffer.write(b.getvalue())';
    const zip = execFileSync('python3', ['-c', script]);
    for (const signature of ['504b0102', '504b0304']) {
      const at = zip.indexOf(Buffer.from(signature, 'hex'));
      zip.writeUInt32LE(10, at + (signature === '504b0102' ? 24 : 22));
    }
    await expect(read(zip)).rejects.toThrow(invalid('cannot be read'));
  });

  it('is refused when a byte of the archive is damaged or the rest is missing', async () => {
    const zip = Buffer.from(writeZip('s', bundle.files));
    const damaged = Buffer.from(zip);
    damaged.writeUInt8(damaged.readUInt8(45) ^ 1, 45);
    await expect(read(damaged)).rejects.toMatchObject({ code: 'SKILL_INVALID' });
    await expect(read(zip.subarray(0, 300))).rejects.toMatchObject({ code: 'SKILL_INVALID' });
    const tar = writeSkillArchive(bundle, 'tar.gz');
    await expect(read(tar.subarray(0, 100))).rejects.toThrow(invalid('the archive is damaged'));
    await expect(read(gunzipSync(tar).subarray(0, 700))).rejects.toThrow(invalid('ends in the middle'));
    await expect(read(Buffer.from('hello'))).rejects.toThrow(invalid('neither a folder nor'));
    await expect(read(Buffer.from('PK'))).rejects.toThrow(invalid('cannot be read'));
  });

  it('is refused when it holds a file twice, of which programs would take different ones', async () => {
    const twice = Buffer.concat([
      Buffer.from(writeTar('s', { 'SKILL.md': 'one' })).subarray(0, 1024),
      writeTar('s', { 'SKILL.md': 'two' }),
    ]);
    await expect(read(twice)).rejects.toThrow(invalid('a file twice'));
  });

  it('is refused with a certificate in which a byte was changed', async () => {
    const archive = writeZip('s', { ...bundle.files, 'certificate.json': '{}\n' });
    await expect(read(archive)).rejects.toThrow(invalid('certificate.json was changed'));
  });

  it('never brings the reader down, whatever the bytes', async () => {
    const start = fc.constantFrom(
      Buffer.from(writeZip('s', { 'SKILL.md': 'x' })),
      Buffer.from(writeTar('s', { 'SKILL.md': 'x' })),
    );
    const edits = fc.array(fc.tuple(fc.nat(1500), fc.nat(255)), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(start, edits, async (archive, changes) => {
        const bytes = Buffer.from(archive);
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        const outcome = await read(bytes).then(
          () => 'read',
          (error: { code?: string }) => error.code,
        );
        expect(['read', 'SKILL_INVALID']).toContain(outcome);
      }),
      { numRuns: 300 },
    );
  });
});

/** A zip archive of one file of any name. */
function renamedZip(path: string): Buffer {
  const placeholder = 'p'.repeat(path.length - 2);
  const zip = Buffer.from(writeZip('s', { [placeholder]: 'x' }));
  for (let at = zip.indexOf(`s/${placeholder}`); at >= 0; at = zip.indexOf(`s/${placeholder}`)) zip.write(path, at);
  return zip;
}
