import { execFileSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';

import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';

import { archiveFor, ollama } from '../../../infra/engines/ollama.ts';
import { temporal } from '../../../infra/engines/temporal.ts';
import { askProgram } from '../../../infra/run-command.ts';
import { archiveOf, checksumList, cutInTheMiddle, releaseServer, zstd } from './release-server.ts';
import { cacheOf, failureOf, freshConfig, get, onlyPrograms } from './support.ts';

const machine = process.arch === 'arm64' ? 'arm64' : 'amd64';
const archiveName = `temporal_cli_${temporal.version}_${process.platform}_${machine}.tar.gz`;

async function temporalArchive(): Promise<Buffer> {
  return gzipSync(await archiveOf('temporal', 'temporal version 1.8.2 (Server 1.31.2)'), { level: 1 });
}

async function configFor(address: string) {
  await onlyPrograms({ tar: 'exec tar "$@"' });
  return await freshConfig({
    TALOS_TEMPORAL_RELEASES: address,
    TALOS_OLLAMA_RELEASES: address,
    TALOS_RELEASE_TIMEOUT: '1',
  });
}

describe('an official release', () => {
  it('that comes whole is put into the cache and found there', async () => {
    const archive = await temporalArchive();
    const host = await releaseServer({ 'checksums.txt': checksumList(archiveName, archive), [archiveName]: archive });
    const config = await configFor(host.address);
    const fractions: (number | undefined)[] = [];

    const location = await temporal.get(config, {
      progress: ({ fraction }) => void fractions.push(fraction),
      signal: new AbortController().signal,
    });

    expect(location).toMatchObject({ kind: 'cache', version: temporal.version });
    expect(await temporal.locate(config)).toEqual(location);
    expect(await cacheOf(temporal, config)).toEqual([temporal.version]);
    expect(await askProgram('program' in location ? location.program : '', ['--version'])).toContain('1.8.2');
    expect(fractions.some((fraction) => fraction !== undefined && fraction > 0)).toBe(true);
  });

  it('of Ollama comes as Zstandard', async () => {
    const name = archiveFor(process.platform, process.arch) ?? '';
    const archive = zstd(await archiveOf('bin/ollama', 'ollama version is 0.32.15'));
    const host = await releaseServer({ 'sha256sum.txt': checksumList(`./${name}`, archive), [name]: archive });
    const config = await configFor(host.address);
    const location = await get(ollama, config);
    expect(location).toMatchObject({ kind: 'cache', program: expect.stringMatching(/\/bin\/ollama$/) as string });
  });

  it.each(['resumes', 'starts anew'] as const)(
    'that is cut in the middle is completed when the host %s',
    async (resume) => {
      const archive = await temporalArchive();
      const answer = cutInTheMiddle(archive, resume);
      const host = await releaseServer({ 'checksums.txt': checksumList(archiveName, archive), [archiveName]: answer });
      const config = await configFor(host.address);
      expect(await get(temporal, config)).toMatchObject({ kind: 'cache' });
      expect(host.asked.at(-1)?.range).toMatch(/^bytes=[1-9]\d*-$/);
    },
  );

  it('with a wrong checksum is thrown away and nothing else is tried', async () => {
    const archive = await temporalArchive();
    const tampered = Buffer.from(archive);
    tampered[100] = (tampered[100] ?? 0) ^ 1;
    const host = await releaseServer({ 'checksums.txt': checksumList(archiveName, archive), [archiveName]: tampered });
    const config = await configFor(host.address);
    await onlyPrograms({ go: 'echo go1.99.0' });

    const error = await failureOf(get(temporal, config));

    expect(error.code).toBe('CHECKSUM_MISMATCH');
    expect(error.message).toContain(archiveName);
    expect(await cacheOf(temporal, config)).toEqual([]);
    expect(await temporal.locate(config)).toMatchObject({ kind: 'missing' });
  });
});

describe('a release host that fails', () => {
  const list = `${'0'.repeat(64)}  ${archiveName}\n`;
  const silent = (): void => undefined;

  it.each([
    ['answers 404', {}, /answers 404/],
    ['has the list but not the archive', { 'checksums.txt': list }, /answers 404/],
    ['does not name the archive', { 'checksums.txt': '' }, /does not name/],
    ['gives no answer', { 'checksums.txt': silent }, /no answer within 1 s/],
    ['gives no answer for the archive', { 'checksums.txt': list, [archiveName]: silent }, /no answer within 1 s/],
  ])('%s: the other way is taken, here to the error that says what to install', async (_fault, files, reason) => {
    const host = await releaseServer(files);
    const config = await configFor(host.address);
    const error = await failureOf(get(temporal, config));
    expect(error.code).toBe('ENGINE_MISSING');
    expect(error.message).toMatch(reason);
    expect(error.message).toContain('install Go 1.26');
    expect(await cacheOf(temporal, config)).toEqual([]);
  });

  it('breaks off again and again: the other way is taken and nothing stays', async () => {
    const archive = await temporalArchive();
    const answer = cutInTheMiddle(archive, 'breaks again');
    const host = await releaseServer({ 'checksums.txt': checksumList(archiveName, archive), [archiveName]: answer });
    const config = await configFor(host.address);
    expect(await failureOf(get(temporal, config))).toMatchObject({ code: 'ENGINE_MISSING' });
    expect(host.asked.filter(({ file }) => file === archiveName)).toHaveLength(2);
    expect(await cacheOf(temporal, config)).toEqual([]);
  });

  it('falls silent in the middle: the other way is taken', async () => {
    const archive = await temporalArchive();
    const host = await releaseServer({
      'checksums.txt': checksumList(archiveName, archive),
      [archiveName]: (_request, response) => void response.write(archive.subarray(0, 1000)),
    });
    const config = await configFor(host.address);
    expect((await failureOf(get(temporal, config))).message).toMatch(/silent for 3 s/);
    expect(await cacheOf(temporal, config)).toEqual([]);
  });

  it('cannot be reached: the other way is taken', async () => {
    const config = await configFor('http://127.0.0.1:9');
    expect((await failureOf(get(temporal, config))).code).toBe('ENGINE_MISSING');
  });

  it('sends an archive that holds no program: it is not used', async () => {
    const archive = gzipSync(await archiveOf('something', 'else'));
    const host = await releaseServer({ 'checksums.txt': checksumList(archiveName, archive), [archiveName]: archive });
    const config = await configFor(host.address);
    expect((await failureOf(get(temporal, config))).code).toBe('DOWNLOAD_FAILED');
    expect(await cacheOf(temporal, config)).toEqual([]);
  });
});

describe('the disk of the engines', () => {
  beforeEach(({ skip }) => skip(process.getuid?.() !== 0, 'this test mounts a small file system: run it as root'));

  it.each([
    ['too full for the download', '64k'],
    ['too full for what is in it', '450k'],
  ])('when it is %s is named as that, and nothing stays or is built instead', async (_, size) => {
    const archive = await temporalArchive();
    const host = await releaseServer({ 'checksums.txt': checksumList(archiveName, archive), [archiveName]: archive });
    const config = await configFor(host.address);
    await mountAt(config.home.enginesDir, `size=${size}`);
    const error = await failureOf(get(temporal, config));
    expect(error).toMatchObject({ code: 'DISK_FULL', details: { field: 'TALOS_ENGINES_DIR' } });
    expect(error.message).toContain(config.home.enginesDir);
    expect(await cacheOf(temporal, config)).toEqual([]);
  });

  it('when it takes nothing is named with the setting that moves it', async () => {
    const config = await configFor('http://127.0.0.1:9');
    await cacheOf(temporal, config);
    await mountAt(`${config.home.enginesDir}/temporal`, 'ro');
    const error = await failureOf(get(temporal, config));
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', details: { field: 'TALOS_ENGINES_DIR' } });
  });
});

async function mountAt(folder: string, options: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  execFileSync('/usr/bin/mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder]);
  onTestFinished(() => void execFileSync('/usr/bin/umount', [folder]));
}
