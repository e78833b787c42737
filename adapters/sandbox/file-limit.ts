import { closeSync, constants, openSync, readFileSync, statfsSync } from 'node:fs';

import type { SandboxEnd } from '../../domain/sandbox/classify.ts';

/** Files, folders and links a sandbox may have at a time: each takes memory of the kernel, which no limit of a process counts. */
const mostFiles = 4096;
/** A skill makes some ten thousand in this time, which take about 15 MiB. */
const lookEveryMs = 50;

/** TMPFS_MAGIC (linux/magic.h). */
const tmpfs = 0x0102_1994;

export type FileLimit = {
  /** Begins to count. Has to be called before a skill is let in: later, /tmp may be what it made of it. Fails where the host may not look. */
  begin(): void;
  /** Stops, and gives what came of it. */
  end(): Pick<SandboxEnd, 'wasOutOfFiles'>;
};

/** Looks after the files in the /tmp of the sandbox in this bwrap, and ends it when there are too many. */
export function limitFiles(bwrap: number, kill: () => void): FileLimit {
  let stop: (() => void) | undefined;
  let wasOutOfFiles = false;
  return {
    begin() {
      const folder = openTemporary(bwrap);
      const timer = setInterval(() => {
        if (count(folder) <= mostFiles) return;
        wasOutOfFiles = true;
        kill();
      }, lookEveryMs);
      stop = () => {
        clearInterval(timer);
        closeSync(folder); // it would keep all that is in there
      };
    },
    end() {
      stop?.();
      stop = undefined;
      return { wasOutOfFiles };
    },
  };
}

/** The folder itself, and not its name: that is gone once the first thread of the sandbox ends. */
function openTemporary(bwrap: number): number {
  const [sandbox = '0'] = readFileSync(`/proc/${bwrap}/task/${bwrap}/children`, 'utf8').split(' ');
  const folder = openSync(`/proc/${sandbox}/root/tmp`, constants.O_RDONLY | constants.O_DIRECTORY);
  const { type, files } = statfsSync(pathOf(folder));
  if (type === tmpfs && files > 0) return folder;
  closeSync(folder);
  throw new Error('nothing counts the files of a sandbox');
}

function count(folder: number): number {
  const { files, ffree } = statfsSync(pathOf(folder));
  return files - ffree;
}

function pathOf(descriptor: number): string {
  return `/proc/self/fd/${descriptor}`;
}
