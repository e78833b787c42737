/** A log file as it lies in its folder. `isOpen`: some process holds it. Times in ms since 1970. */
export type LogFile = {
  readonly name: string;
  readonly bytes: number;
  readonly changedAt: number;
  readonly isOpen: boolean;
};

/** What is to be done with a log file. `rename`: it is put out of reach of whoever overwrites it, and compressed then. */
export type LogFate = 'leave' | 'remove' | 'compress' | 'rename';

/** How long logs are kept; `today` is the date of this machine, as the loggers write it into names. */
export type LogRule = { readonly keepDays: number; readonly now: number; readonly today: string };

const dayMs = 24 * 60 * 60_000;

/** Files of this size are compressed without waiting for a day to pass; loggers close them at about 10 MB. */
const largeBytes = 10_000_000;

const rolledName = /^(?<component>.+)\.(?<date>\d{4}-\d\d-\d\d)\.(?<number>\d+)\.log$/;
const datedName = /\.(?<date>\d{4}-\d\d-\d\d)\.\d+\.log(?:\.\d+)?(?:\.gz)?$/;
const anyLog = /\.log(?:\.\d+)?(?:\.gz)?$/;
const putAside = /\.out\.log\.1$/;

/** What is to be done with each file of a folder of logs, by name; what is no log of ours is left alone. */
export function logFates(files: readonly LogFile[], rule: LogRule): Map<string, LogFate> {
  const newest = newestOfEach(files);
  const lasting = logsOfLastDays(files, rule.keepDays);
  return new Map(
    files.map((file) => {
      const facts = { isNewest: newest.has(file.name), mayGo: !lasting.has(file.name) };
      return [file.name, fateOf(file, rule, facts)];
    }),
  );
}

/**
 * Logs of the last days of which there are any. These stay, however old they seem: by a clock that is far ahead everything is too old, and
 * what is removed does not come back with the right time.
 */
export function logsOfLastDays(files: readonly Pick<LogFile, 'name' | 'changedAt'>[], days: number): Set<string> {
  const dated = files.filter(({ name }) => anyLog.test(name)).map((file) => ({ name: file.name, day: dayOf(file) }));
  const last = new Set([...new Set(dated.map(({ day }) => day))].toSorted().slice(-days));
  return new Set(dated.filter(({ day }) => last.has(day)).map(({ name }) => name));
}

/**
 * A file that is held open is left alone, and so is the newest one of its component while its writer may come back to it. Files a writer
 * opens anew for each line (`.out.log`) are never compressed where they lie.
 */
function fateOf(
  file: LogFile,
  rule: LogRule,
  { isNewest, mayGo }: { readonly isNewest: boolean; readonly mayGo: boolean },
): LogFate {
  const { name, bytes, changedAt, isOpen } = file;
  if (!anyLog.test(name) || isOpen) return 'leave';
  if (mayGo && ageDays(file, rule) > rule.keepDays) return 'remove';
  const isOld = rule.now - changedAt > dayMs;
  const isDue = isOld || bytes >= largeBytes;
  if (putAside.test(name)) return isDue ? 'rename' : 'leave';
  if (!rolledName.test(name) || (isNewest && !isOld)) return 'leave';
  return isDue ? 'compress' : 'leave';
}

/** By the date in its name, else by when it was last written to. */
function ageDays({ name, changedAt }: LogFile, { now, today }: LogRule): number {
  const date = dateIn(name);
  const days = date === undefined ? Number.NaN : (Date.parse(today) - Date.parse(date)) / dayMs;
  return Number.isNaN(days) ? (now - changedAt) / dayMs : days;
}

function dayOf({ name, changedAt }: Pick<LogFile, 'name' | 'changedAt'>): string {
  return dateIn(name) ?? new Date(changedAt).toISOString().slice(0, 10);
}

function dateIn(name: string): string | undefined {
  return datedName.exec(name)?.groups?.['date'];
}

function newestOfEach(files: readonly LogFile[]): Set<string> {
  const newest = new Map<string, { name: string; order: string }>();
  for (const { name } of files) {
    const { component, date, number } = rolledName.exec(name)?.groups ?? {};
    if (component === undefined) continue;
    const order = `${date}.${(number ?? '').padStart(9, '0')}`;
    if (order > (newest.get(component)?.order ?? '')) newest.set(component, { name, order });
  }
  return new Set([...newest.values()].map(({ name }) => name));
}

/** A name of its own for a file that was put aside, such as `redis.out.2026-11-25.1.log`. */
export function nameAside({ name, changedAt }: LogFile, taken: ReadonlySet<string>): string {
  const date = new Date(changedAt).toISOString().slice(0, 10);
  const base = name.replace(/\.log\.1$/, `.${date}`);
  for (let number = 1; ; number += 1) {
    const free = `${base}.${number}.log`;
    if (!taken.has(free) && !taken.has(archiveName(free, 1))) return free;
  }
}

/** What the archive of a log is called; from the second try on with a number, as an archive is never overwritten. */
export function archiveName(name: string, attempt: number): string {
  return attempt === 1 ? `${name}.gz` : `${name}.${attempt}.gz`;
}
