import { TalosError } from '../errors.ts';

/** What stays free on the disk for everything else. */
const reserveBytes = 256 * 1024 * 1024;

/** Fails with DISK_FULL, naming how much is missing. A disk of another machine, whose room is not known, is taken as it is. */
export function assertRoom(neededBytes: number, freeBytes: number | undefined): void {
  if (freeBytes === undefined) return;
  const missing = neededBytes + reserveBytes - freeBytes;
  if (missing <= 0) return;
  throw new TalosError(
    'DISK_FULL',
    `The disk of the models lacks ${formatBytes(missing)}: ${formatBytes(neededBytes)} are to come and ${formatBytes(freeBytes)} are free, ` +
      `of which ${formatBytes(reserveBytes)} stay free. Make room, then pull again; what has come is kept.`,
    { details: { missingBytes: missing } },
  );
}

/** A size as people read it, in powers of ten as disks are sold. */
export function formatBytes(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  const power = bytes < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  const number = bytes / 1000 ** power;
  return `${power === 0 || number >= 100 ? Math.round(number) : number.toFixed(1)} ${units[power]}`;
}
