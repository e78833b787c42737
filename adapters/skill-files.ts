import { rename } from 'node:fs/promises';
import { join } from 'node:path';

import { onceFor } from '../domain/once-for.ts';
import type { SkillShelf, SkillStore } from '../domain/skills/ports.ts';
import { certificateFile } from '../domain/skills/bundle-files.ts';
import { hashBundle } from '../domain/skills/bundle-hash.ts';
import type { BundleFiles, SkillBundle } from '../domain/skills/bundle.ts';
import { formatCertificate, parseCertificate } from '../domain/skills/certificate-seal.ts';
import type { PromotionCertificate } from '../domain/skills/certificate.ts';
import { type BundleTools, checkBundle } from '../domain/skills/read-bundle.ts';
import { casesFile, manifestFile } from '../domain/skills/read-manifest.ts';
import {
  certificateBroken,
  checkVersion,
  noSuchVersion,
  type VersionRef,
  versionChanged,
  versionRefused,
} from '../domain/skills/skill-name.ts';
import { FolderFlaw, readTextFolder, syncParent, writeSynced } from './skill-folder.ts';
import {
  discard,
  exists,
  findCopies,
  findVersion,
  guarded,
  readCertificateText,
  requireVersion,
  settle,
  shelve,
  type ShelvedVersion,
  shownDigits,
  stageFiles,
  stagingPlace,
} from './skill-shelves.ts';

type SkillFilesOptions = {
  /** `TALOS_HOME/skills` */
  readonly dir: string;
  readonly tools: BundleTools;
  readonly now: () => number;
  /** What speaks against a certificate, whatever it is for. */
  readonly checkCertificate: (certificate: PromotionCertificate) => readonly string[];
};

/**
 * Keeps skills as folders a person can read, `certificate.json` beside the files of its skill. Every step that shows is one rename, and
 * is on the disk when it resolves. Fails with SKILLS_UNAVAILABLE when the disk does.
 */
export function createSkillFiles(options: SkillFilesOptions): SkillStore {
  let changes: Promise<unknown> = Promise.resolve();
  const checks = {
    bundles: onceFor<Meaning>(room),
    certificates: onceFor<PromotionCertificate>(room),
  };

  /** One change after the other, so that none finds a version half moved. */
  function inTurn(work: () => Promise<void>): Promise<void> {
    const turn = changes.then(() => guarded(work));
    changes = turn.catch(() => undefined); // told to who asked for it
    return turn;
  }

  return {
    put: (bundle) => inTurn(() => put(bundle, options)),
    load: (id, hash) => guarded(() => load(checkVersion(id, hash), options, checks)),
    place: (id, hash, shelf) => inTurn(() => place(checkVersion(id, hash), shelf, options)),
    discard: (id, hash) => inTurn(() => discardQuarantined(checkVersion(id, hash), options)),
    saveCertificate: (certificate) => inTurn(() => saveCertificate(certificate, options)),
    certificate: (id, hash) => guarded(() => readCertificate(checkVersion(id, hash), options, checks)),
  };
}

async function put(bundle: SkillBundle, { dir, tools, now }: SkillFilesOptions): Promise<void> {
  const version = checkVersion(bundle.manifest.id, bundle.hash);
  const there = await findVersion(dir, version);
  const hash = there === undefined ? undefined : await hashFolder(there.folder, version, tools).catch(noHash);
  if (hash === version.hash) return;
  if (hash?.startsWith(version.hash.slice(0, shownDigits)) === true) {
    throw versionChanged(version, 'another version with the same first digits lies in its place');
  }
  const fresh = await stageFiles(dir, bundle.files, now());
  if (there !== undefined) await clear(there, fresh, { dir, version });
  const place = there ?? shelve(dir, 'quarantine', version);
  if (!(await settle(dir, fresh, place))) return discard(dir, fresh); // another process was quicker
  const copies = await findCopies(dir, version);
  if (copies.length > 1) await discard(dir, place.folder); // another process moved it meanwhile
}

/** Sets a damaged copy aside. The certificate goes with the version, as it holds for its hash alone. */
async function clear(
  { folder }: ShelvedVersion,
  fresh: string,
  { dir, version }: { dir: string; version: VersionRef },
): Promise<void> {
  const certificate = await readCertificateText(folder, version).catch(() => undefined); // part of the damage
  if (certificate !== undefined) await writeSynced(join(fresh, certificateFile), certificate);
  await discard(dir, folder);
}

/** What the files of a skill mean; the files themselves are read each time and kept by nobody. */
type Meaning = Pick<SkillBundle, 'manifest' | 'cases'>;

/** What every run reads is read and hashed each time; what the same bytes mean is found out once. */
type Checks = {
  readonly bundles: ReturnType<typeof onceFor<Meaning>>;
  readonly certificates: ReturnType<typeof onceFor<PromotionCertificate>>;
};

/** Hundreds of skills in use, each with some kilobytes of manifest, cases and certificate. */
const room = { keys: 500, chars: 2_097_152 };

async function load(version: VersionRef, options: SkillFilesOptions, { bundles }: Checks): Promise<SkillBundle> {
  const { folder } = await requireVersion(options.dir, version);
  const files = await readFiles(folder, version, options.tools).catch(async (thrown: unknown) => {
    if (await exists(folder)) throw thrown;
    return readFiles((await requireVersion(options.dir, version)).folder, version, options.tools); // it was moved meanwhile
  });
  if (hashBundle(files, options.tools.hash) !== version.hash) {
    throw versionChanged(version, 'a file was changed, added or removed');
  }
  const { hash } = version;
  const chars = [manifestFile, casesFile].reduce((sum, path) => sum + (files[path]?.length ?? 0), 0);
  const meaning = bundles({ key: hash, chars }, () => checkKept(files, version, options.tools));
  if (meaning.manifest.id === version.id) return { hash, files, ...meaning };
  throw versionChanged(version, 'its files are no valid skill');
}

function checkKept(files: BundleFiles, version: VersionRef, tools: BundleTools): Meaning {
  const reading = checkBundle(files, tools);
  if (reading.ok && reading.bundle.hash === version.hash) {
    const { manifest, cases } = reading.bundle;
    return { manifest, cases };
  }
  const [finding] = reading.ok ? [] : reading.findings;
  if (finding !== undefined) throw versionRefused(version, finding);
  throw versionChanged(version, 'its files are no valid skill');
}

/** The bundle in a folder, taken byte by byte as Talos keeps it; fails with SKILL_CHANGED where that is none. */
export async function readKeptFolder(folder: string, version: VersionRef, tools: BundleTools): Promise<SkillBundle> {
  const files = await readFiles(folder, version, tools);
  const reading = checkBundle(files, tools);
  // What is read is mended on the way; only what needed no mending is what was kept.
  if (reading.ok && reading.bundle.hash === hashBundle(files, tools.hash)) return reading.bundle;
  throw versionChanged(version, 'a file was changed, added or removed');
}

async function place(version: VersionRef, shelf: SkillShelf, { dir }: SkillFilesOptions): Promise<void> {
  const target = shelve(dir, shelf, version);
  const { folder } = await requireVersion(dir, version);
  if (folder === target.folder) return;
  if (await settle(dir, folder, target)) return syncParent(folder);
  if (!(await exists(target.folder))) throw noSuchVersion(version);
  await discard(dir, folder); // it lay on two shelves
}

async function discardQuarantined(version: VersionRef, { dir }: SkillFilesOptions): Promise<void> {
  const { folder } = shelve(dir, 'quarantine', version);
  if (await exists(folder)) await discard(dir, folder);
}

async function saveCertificate(certificate: PromotionCertificate, { dir }: SkillFilesOptions): Promise<void> {
  const { folder } = await requireVersion(dir, checkVersion(certificate.body.manifest.id, certificate.body.bundle));
  const temporary = await stagingPlace(dir);
  const path = join(folder, certificateFile);
  await writeSynced(temporary, formatCertificate(certificate));
  await rename(temporary, path);
  await syncParent(path);
}

async function readCertificate(
  version: VersionRef,
  options: SkillFilesOptions,
  { certificates }: Checks,
): Promise<PromotionCertificate | undefined> {
  const text = await findCertificate(options.dir, version);
  if (text === undefined) return undefined;
  const asked = { key: options.tools.hash(text), chars: text.length };
  const certificate = certificates(asked, () => checkCertificateText(text, version, options));
  const { bundle, manifest } = certificate.body;
  if (bundle !== version.hash || manifest.id !== version.id) throw certificateChanged(version);
  return certificate;
}

function checkCertificateText(text: string, version: VersionRef, options: SkillFilesOptions): PromotionCertificate {
  const certificate = parseCertificate(text);
  if (certificate === undefined) throw certificateChanged(version);
  const [problem] = options.checkCertificate(certificate);
  if (problem !== undefined) throw certificateBroken(version, problem);
  return certificate;
}

function certificateChanged(version: VersionRef): Error {
  return certificateBroken(version, `${certificateFile} was changed.`);
}

async function findCertificate(dir: string, version: VersionRef): Promise<string | undefined> {
  const { folder } = await requireVersion(dir, version);
  const text = await readCertificateText(folder, version);
  if (text !== undefined || (await exists(folder))) return text;
  return readCertificateText((await requireVersion(dir, version)).folder, version); // it was moved meanwhile
}

async function hashFolder(folder: string, version: VersionRef, tools: BundleTools): Promise<string> {
  return hashBundle(await readFiles(folder, version, tools), tools.hash);
}

/** What is no folder of texts has no hash; that the disk fails is another matter. */
function noHash(thrown: unknown): undefined {
  if (thrown instanceof Error && 'syscall' in thrown) throw thrown;
  return undefined;
}

async function readFiles(folder: string, version: VersionRef, tools: BundleTools): Promise<BundleFiles> {
  try {
    return await readTextFolder(folder, {
      maxBytes: tools.maxBytes,
      skips: (path) => path === certificateFile,
      emptyFolders: 'refused',
    });
  } catch (thrown) {
    throw thrown instanceof FolderFlaw ? versionChanged(version, thrown.message) : thrown;
  }
}
