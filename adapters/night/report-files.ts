import { createPublicKey, type KeyObject } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { TalosError } from '../../domain/errors.ts';
import type { ReportReader, ReportStore } from '../../domain/night/ports.ts';
import { newestReport } from '../../domain/night/newest-report.ts';
import { formatReport, readReport, signReport } from '../../domain/night/report-seal.ts';
import type { ReportSummary, ReportView } from '../../domain/night/report.ts';
import { NightRunId } from '../../domain/night/run.ts';
import type { CertificateChecker } from '../../domain/skills/certificate-seal.ts';
import { createCertificateChecker, createCertificateSigner, publicKeyHex } from '../certificate-crypto.ts';
import { syncFolder } from '../skill-folder.ts';

/** Larger than any report. */
const mostBytes = 4 * 1024 * 1024;

/** A report is kept this long; so many of the last ones are kept in any case, as by a clock that is far ahead all are too old. */
const keptMs = 400 * 24 * 60 * 60 * 1000;
const keptReports = 400;

const ending = '.json';

type ReportFilesOptions = {
  readonly dir: string;
  /** The Ed25519 node key. */
  readonly nodeKey: KeyObject;
  readonly now: () => number;
  /** Part of the names of files that are not whole yet; new at every call. */
  readonly random: () => string;
};

/** Reports as files of this home, `<id>.json` each, which only the owner may read. */
export function createReportFiles({ dir, nodeKey, now, random }: ReportFilesOptions): ReportStore {
  const checker = createCertificateChecker();
  const reader = createReportReader({ dir, publicKey: createPublicKey(nodeKey), checker, now });
  return {
    ...reader,
    write: (report) =>
      guarded(dir, async () => {
        const known = await readText(dir, report.id);
        if (known !== undefined && reader.judge(known).sound) return checker.hash(known.text);
        const text = formatReport(signReport(report, createCertificateSigner(nodeKey)));
        await mkdir(dir, { recursive: true, mode: 0o700 });
        await writeWhole({ dir, name: report.id + ending, text, random });
        await removeOld(dir, now() - keptMs);
        return checker.hash(text);
      }),
  };
}

type ReaderOptions = {
  readonly dir: string;
  readonly publicKey: KeyObject;
  readonly checker?: CertificateChecker;
  readonly now: () => number;
};

/** The same for who only reads: nothing has to run for that. */
export function createReportReader({
  dir,
  publicKey,
  checker = createCertificateChecker(),
  now,
}: ReaderOptions): ReportReader & { judge(file: ReportText): ReportView } {
  const key = publicKeyHex(publicKey);
  const judge = (file: ReportText): ReportView => readReport(file, key, checker);
  const found = async (id: NightRunId): Promise<ReportView | undefined> => {
    const file = await readText(dir, id);
    return file === undefined ? undefined : judge(file);
  };
  const list = async (): Promise<ReportSummary[]> => {
    const files = await Promise.all((await listIds(dir)).map((id) => readText(dir, id)));
    const known = files.filter((file) => file !== undefined);
    return known.map((file) => summarise(judge(file), file)).toSorted((a, b) => b.writtenAt - a.writtenAt);
  };
  return {
    judge,
    get: (id: NightRunId) => guarded(dir, () => found(id)),
    list: () => guarded(dir, list),
    latest: () =>
      guarded(dir, async () => {
        const newest = newestReport(await list(), now());
        return newest === undefined ? undefined : found(newest.id);
      }),
  };
}

type ReportText = { readonly id: NightRunId; readonly text: string; readonly changedAt: number };

/** What a report that is not sound says of its time proves nothing. */
function summarise({ id, sound, report }: ReportView, { changedAt }: ReportText): ReportSummary {
  if (!sound || report === undefined) return { id, sound: false, writtenAt: changedAt };
  return { id, sound, writtenAt: report.writtenAt, state: report.run.state };
}

async function listIds(dir: string): Promise<NightRunId[]> {
  const files = await readdir(dir).catch(unlessMissing<string[]>([]));
  const names = files.filter((file) => file.endsWith(ending)).map((file) => file.slice(0, -ending.length));
  return names.filter((name) => NightRunId.safeParse(name).success);
}

/** A file that is too large to be a report counts as one of no text. */
async function readText(dir: string, id: NightRunId): Promise<ReportText | undefined> {
  const path = join(dir, id + ending);
  const facts = await stat(path).catch(unlessMissing(undefined));
  if (facts === undefined) return undefined;
  const text = facts.size > mostBytes ? '' : await readFile(path, 'utf8').catch(unlessMissing(undefined));
  return text === undefined ? undefined : { id, text, changedAt: Math.trunc(facts.mtimeMs) };
}

type WholeFile = { readonly dir: string; readonly name: string; readonly text: string; readonly random: () => string };

/** A crash leaves the file with all its text or none. */
async function writeWhole({ dir, name, text, random }: WholeFile): Promise<void> {
  const temporary = join(dir, `.${name}.${random()}.tmp`);
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, join(dir, name));
  } finally {
    await rm(temporary, { force: true });
  }
  await syncFolder(dir);
}

async function removeOld(dir: string, before: number): Promise<void> {
  const reports: { path: string; changedAt: number }[] = [];
  for (const name of await readdir(dir)) {
    const path = join(dir, name);
    const facts = await stat(path).catch(unlessMissing(undefined));
    if (facts?.isFile() !== true) continue;
    if (name.endsWith(ending)) reports.push({ path, changedAt: facts.mtimeMs });
    else if (/^\..*\.tmp$/.test(name) && facts.mtimeMs < before) await rm(path, { force: true });
  }
  const rest = reports.toSorted((a, b) => b.changedAt - a.changedAt).slice(keptReports);
  for (const { path, changedAt } of rest) if (changedAt < before) await rm(path, { force: true });
}

/** Turns the absence of a file into a value. */
function unlessMissing<Value>(value: Value): (error: NodeJS.ErrnoException) => Value {
  return (error) => {
    if (error.code === 'ENOENT') return value;
    throw error;
  };
}

async function guarded<T>(dir: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof TalosError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TalosError('REPORTS_UNAVAILABLE', `Reports in ${dir} cannot be read or written: ${reason}`, { cause });
  }
}
