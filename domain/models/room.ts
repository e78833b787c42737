import { TalosError } from '../errors.ts';
import { formatBytes } from '../format-bytes.ts';

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
