import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { beforeEach, describe, expect, it } from 'vitest';

import { createSkillFiles } from '../../../adapters/skill-files.ts';
import type { SkillStore } from '../../../domain/skills/ports.ts';
import { formatCertificate } from '../../../domain/skills/certificate-seal.ts';
import { hashBundle } from '../../../domain/skills/bundle-hash.ts';
import { readBundle } from '../../../domain/skills/read-bundle.ts';
import { scratchFolder } from '../../support/scratch-folder.ts';
import { bundleWith, filesWithManifest, tools } from '../../unit/domain/skills/bundles.ts';
import { certificateFor, checkCertificate } from '../../unit/domain/skills/certificates.ts';

const bundle = bundleWith({ 'references/notes.md': 'notes\n' });
const { hash, manifest } = bundle;
const changed = { code: 'SKILL_CHANGED' };

let dir: string;
let folder: string;
let store: SkillStore;

beforeEach(async () => {
  dir = join(scratchFolder(), 'skills');
  folder = join(dir, 'quarantine', manifest.id, hash.slice(0, 12));
  store = createSkillFiles({ dir, tools, now: Date.now, checkCertificate });
  await store.put(bundle);
});

describe('a skill on the disk', () => {
  it('lies in a folder a person can read, for the owner alone to change', () => {
    expect(readdirSync(folder).toSorted()).toEqual(['SKILL.md', 'evals', 'references', 'scripts', 'skill.json']);
    expect(readFileSync(join(folder, 'scripts/main.js'), 'utf8')).toBe(bundle.files['scripts/main.js']);
    expect(statSync(folder).mode & 0o777).toBe(0o750);
    expect(statSync(join(folder, 'skill.json')).mode & 0o777).toBe(0o640);
    expect(readdirSync(join(dir, '.staging'))).toEqual([]);
  });

  it.each<[string, () => void]>([
    ['a byte of its code is changed', () => appendFileSync(join(folder, 'scripts/main.js'), ' ')],
    [
      'a line end is changed',
      () => writeFileSync(join(folder, 'SKILL.md'), (bundle.files['SKILL.md'] ?? '').replaceAll('\n', '\r\n')),
    ],
    ['a file is added', () => writeFileSync(join(folder, 'scripts/extra.js'), '')],
    ['a hidden file is added', () => writeFileSync(join(folder, '.hidden'), '')],
    ['an empty folder is added', () => mkdirSync(join(folder, 'empty'))],
    ['a file is removed', () => rmSync(join(folder, 'references/notes.md'))],
    ['a file is renamed', () => renameSync(join(folder, 'references/notes.md'), join(folder, 'references/other.md'))],
    ['all files are removed', () => (rmSync(folder, { recursive: true }), mkdirSync(folder))],
    [
      'a file becomes a link to its own text',
      () => {
        renameSync(join(folder, 'skill.json'), join(dir, 'elsewhere.json'));
        symlinkSync(join(dir, 'elsewhere.json'), join(folder, 'skill.json'));
      },
    ],
    ['a link is added', () => symlinkSync('/etc/passwd', join(folder, 'passwd'))],
    [
      'a folder becomes a link',
      () => {
        renameSync(join(folder, 'scripts'), join(dir, 'scripts'));
        symlinkSync(join(dir, 'scripts'), join(folder, 'scripts'));
      },
    ],
    ['a pipe is added', () => execFileSync('mkfifo', [join(folder, 'pipe')])],
    ['a file holds no text', () => writeFileSync(join(folder, 'references/notes.md'), Buffer.from([0xff, 0xfe]))],
    ['a file is very large', () => writeFileSync(join(folder, 'references/notes.md'), 'x'.repeat(200_000))],
    [
      'it becomes a link to a good copy',
      () => {
        renameSync(folder, join(dir, 'copy'));
        symlinkSync(join(dir, 'copy'), folder);
      },
    ],
    ['it becomes a file', () => (rmSync(folder, { recursive: true }), writeFileSync(folder, 'x'))],
  ])('does not load once %s, and does again when it is submitted again', async (_name, damage) => {
    expect(await store.load(manifest.id, hash)).toEqual(bundle);
    damage();
    await expect(store.load(manifest.id, hash)).rejects.toMatchObject(changed);
    await store.put(bundle);
    expect(await store.load(manifest.id, hash)).toEqual(bundle);
  });

  it('loads with another name beside it: a hard link in a backup changes nothing', async () => {
    linkSync(join(folder, 'skill.json'), join(dir, 'backup.json'));
    expect(await store.load(manifest.id, hash)).toEqual(bundle);
  });

  it.each([
    { what: 'a path', files: { ...bundle.files, 'node_modules/a.js': '1' }, id: 'word-count', rule: 'node_modules' },
    { what: 'a name', files: filesWithManifest({ id: 'drafts' }), id: 'drafts', rule: 'is taken' },
  ])('that was kept with $what no skill may have any more says what to do', async ({ files, id, rule }) => {
    const old = { ...bundle, files, manifest: { ...manifest, id }, hash: hashBundle(files, tools.hash) };
    await store.put(old);
    const failure = await store.load(id, old.hash).catch((thrown: unknown) => thrown);
    expect(failure).toMatchObject({ ...changed, message: expect.stringContaining(rule) });
    expect(failure).toMatchObject({
      message: expect.stringContaining(`copy the folder ${id}/${old.hash.slice(0, 12)}`),
    });
    expect(failure).not.toMatchObject({ message: expect.stringContaining('is not what it was') });
  });

  it('is not replaced by what was put beside it under its short name', async () => {
    const impostor = bundleWith({ 'notes.md': 'another' });
    const place = join(dir, 'quarantine', manifest.id, impostor.hash.slice(0, 12));
    renameSync(folder, place);
    await expect(store.load(manifest.id, impostor.hash)).rejects.toMatchObject(changed);
    await expect(store.load(manifest.id, hash)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('does not nest when it is deprecated again and again', async () => {
    for (const _ of [1, 2, 3]) await store.place(manifest.id, hash, 'deprecated');
    expect(readdirSync(join(dir, 'deprecated'))).toEqual([manifest.id]);
    expect(readdirSync(join(dir, 'deprecated', manifest.id))).toEqual([hash.slice(0, 12)]);
    expect(existsSync(folder)).toBe(false);
  });

  it('ends on one shelf even if it lay on two', async () => {
    await store.place(manifest.id, hash, 'active');
    await createSkillFiles({ dir: join(dir, 'other'), tools, now: Date.now, checkCertificate }).put(bundle);
    mkdirSync(join(dir, 'quarantine', manifest.id), { recursive: true });
    renameSync(join(dir, 'other/quarantine', manifest.id, hash.slice(0, 12)), folder);
    await store.place(manifest.id, hash, 'quarantine');
    expect(existsSync(folder)).toBe(true);
    expect(existsSync(join(dir, 'active', manifest.id, hash.slice(0, 12)))).toBe(false);
  });

  it('is put and moved by two processes at once without loss', async () => {
    const second = createSkillFiles({ dir, tools, now: Date.now, checkCertificate });
    const work = Array.from({ length: 6 }, (_, round) => [
      store.put(bundle),
      second.put(bundle),
      (round % 2 === 0 ? store : second).load(manifest.id, hash),
    ]);
    await Promise.all(work.flat());
    await Promise.all([store.place(manifest.id, hash, 'active'), second.place(manifest.id, hash, 'active')]);
    expect(await second.load(manifest.id, hash)).toEqual(bundle);
    expect(existsSync(folder)).toBe(false);
  });
});

describe('what a crash leaves behind', () => {
  it('is neither seen as a skill nor kept for ever', async () => {
    const [stale, fresh] = ['stale', 'fresh'].map((name) => join(dir, '.staging', name));
    for (const left of [stale!, fresh!]) {
      mkdirSync(left);
      writeFileSync(join(left, 'skill.json'), '{');
    }
    const hoursAgo = Date.now() / 1000 - 7200;
    utimesSync(stale!, hoursAgo, hoursAgo);
    expect(await store.load(manifest.id, hash)).toEqual(bundle);
    await store.put(bundleWith({ 'notes.md': 'next' }));
    expect(readdirSync(join(dir, '.staging'))).toEqual(['fresh']);
  });
});

describe('many skills on the disk', () => {
  it('are read at each use, and what they mean is found out once', async () => {
    let readings = 0;
    const readYaml = (text: string) => {
      readings += 1;
      return tools.readYaml(text);
    };
    const counting = createSkillFiles({ dir, tools: { ...tools, readYaml }, now: Date.now, checkCertificate });
    const many = Array.from({ length: 40 }, (_, index) => bundleWith({}, `skill-${index}`));
    for (const one of many) await counting.put(one);
    for (const _round of [1, 2]) {
      for (const one of many) expect(await counting.load(one.manifest.id, one.hash)).toEqual(one);
    }
    expect(readings).toBe(many.length);
    const [first] = many;
    if (first === undefined) throw new Error('there is none');
    appendFileSync(join(dir, 'quarantine', 'skill-0', first.hash.slice(0, 12), 'scripts/main.js'), ' ');
    await expect(counting.load('skill-0', first.hash)).rejects.toMatchObject(changed);
  });
});

describe('a certificate on the disk', () => {
  const certificate = certificateFor(bundle);

  it('is refused with any change, and is no part of the hash', async () => {
    await store.saveCertificate(certificate);
    const path = join(folder, 'certificate.json');
    expect(readFileSync(path, 'utf8')).toBe(formatCertificate(certificate));
    expect(await store.load(manifest.id, hash)).toEqual(bundle);
    expect(await store.certificate(manifest.id, hash)).toEqual(certificate);
    for (const text of [
      ` ${formatCertificate(certificate)}`,
      formatCertificate({ ...certificate, body: { ...certificate.body, approver: 'nobody' } }),
      '{}',
      '',
      formatCertificate(certificateFor(bundleWith())),
    ]) {
      writeFileSync(path, text);
      await expect(store.certificate(manifest.id, hash)).rejects.toMatchObject(changed);
    }
    rmSync(path);
    symlinkSync('/etc/passwd', path);
    await expect(store.certificate(manifest.id, hash)).rejects.toMatchObject(changed);
  });

  it('holds for its own version alone, however often it was read there', async () => {
    const other = bundleWith({ 'references/notes.md': 'other notes\n' });
    await store.put(other);
    await store.saveCertificate(certificateFor(other));
    const theirs = formatCertificate((await store.certificate(manifest.id, other.hash)) ?? certificate);
    writeFileSync(join(folder, 'certificate.json'), theirs);
    await expect(store.certificate(manifest.id, hash)).rejects.toMatchObject(changed);
  });

  it('holds for every manifest a skill may have, be it wide or deep', async () => {
    const { input } = bundle.manifest;
    const nested = (levels: number, items: number[]): unknown => (levels === 0 ? items : [nested(levels - 1, items)]);
    for (const [levels, items] of [
      [60, 1],
      [40, 12_000],
    ] as const) {
      const extra = {
        default: nested(
          levels,
          Array.from({ length: items }, () => 1),
        ),
      };
      const files = filesWithManifest({ input: { ...input, ...extra } });
      const odd = readBundle(files, tools);
      await store.put(odd);
      await store.saveCertificate(certificateFor(odd));
      expect((await store.certificate(manifest.id, odd.hash))?.body.manifest).toEqual(odd.manifest);
    }
  });

  it('stays with a skill that is mended', async () => {
    await store.saveCertificate(certificate);
    appendFileSync(join(folder, 'scripts/main.js'), 'x');
    await store.put(bundle);
    expect(await store.certificate(manifest.id, hash)).toEqual(certificate);
  });
});

describe('a disk that fails', () => {
  it('is told as SKILLS_UNAVAILABLE, and nothing half written is left on a shelf', async () => {
    const blocked = join(scratchFolder(), 'skills');
    writeFileSync(blocked, 'a file where the folder should be');
    const broken = createSkillFiles({ dir: blocked, tools, now: Date.now, checkCertificate });
    await expect(broken.put(bundle)).rejects.toMatchObject({ code: 'SKILLS_UNAVAILABLE' });
    chmodSync(blocked, 0o600);
    expect(readFileSync(blocked, 'utf8')).toContain('a file');
  });
});
