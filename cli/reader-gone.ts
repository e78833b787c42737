import { spawn } from 'node:child_process';
import { fstatSync } from 'node:fs';
import type { Writable } from 'node:stream';

/** Standard output, as a process has it. */
export type StandardOutput = Writable & { readonly fd: number };

/** A signal aborted once nobody reads standard output any more; watched for from when it is first asked for. */
export function createReaderGone(stdout: StandardOutput): () => AbortSignal {
  const gone = new AbortController();
  let isWatched = false;
  return () => {
    if (!isWatched) {
      stdout.on('error', () => gone.abort()); // somebody else tells what it is
      if (fstatSync(stdout.fd).isFIFO()) watchPipe(stdout.fd, () => gone.abort());
    }
    isWatched = true;
    return gone.signal;
  };
}

/**
 * Node learns that a pipe has no reader only when it writes, which whoever follows a quiet log may not do for hours. `tail -f` asks every
 * second and ends by SIGPIPE. Where there is none that does, the next write tells.
 */
function watchPipe(pipe: number, onGone: () => void): void {
  const tail = spawn('tail', ['-f', `--pid=${process.pid}`, '/dev/null'], { stdio: ['ignore', pipe, 'ignore'] });
  tail.unref();
  tail.on('error', () => undefined);
  tail.once('exit', (_code, signal) => {
    if (signal === 'SIGPIPE') onGone();
  });
  process.once('exit', () => tail.kill()); // else the reader would wait for its end, too
}
