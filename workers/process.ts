import { DefaultLogger, Runtime } from '@temporalio/worker';

import { errorCatalogue, toTalosError } from '../domain/errors.ts';
import type { Logger } from '../domain/log.ts';

/** A started process: `done` settles when it ends by itself, `stop` ends it in order. */
export type RunningProcess = { readonly done: Promise<void>; stop(): Promise<void> };

/** Sends what the Temporal SDK has to say into our log and leaves the signals to us. Once per process, before any connection. */
export function installTemporalRuntime(logger: () => Logger | undefined): void {
  Runtime.install({
    shutdownSignals: [],
    logger: new DefaultLogger('WARN', ({ level, message, meta }) => {
      const fields = { source: 'temporal-sdk', ...meta };
      if (level === 'ERROR') logger()?.error(fields, message);
      else logger()?.warn(fields, message);
    }),
  });
}

/** Runs a process until SIGTERM or SIGINT, then stops it in order; a failure is told on stderr and by the exit code of its error. */
export async function runProcess(start: () => Promise<RunningProcess>): Promise<void> {
  try {
    const running = await start();
    const asked = new Promise<void>((resolve) => {
      for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => resolve());
    });
    await Promise.race([asked, running.done]);
    await running.stop();
  } catch (thrown) {
    const error = toTalosError(thrown);
    process.stderr.write(`${error.code}: ${error.message}\n`);
    if (error.code === 'INTERNAL') process.stderr.write(`${String(error.cause)}\n`);
    process.exitCode = errorCatalogue[error.code].exitCode;
  }
  // Native handles of a broken connection may keep the loop alive; everything of ours is closed by now.
  process.exit();
}
