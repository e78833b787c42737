import type { Readable, Writable } from 'node:stream';

import { TalosError } from '../../domain/errors.ts';
import type { SandboxEnd } from '../../domain/sandbox/classify.ts';

/** One sandbox with the runner in it, as a driver hands it over: for one run. */
export type SandboxProgram = {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves, never rejects, once it has ended and all its output has been read. */
  readonly ended: Promise<SandboxEnd>;
  /** Where the host itself keeps a limit: called when the runner is ready, before a skill is let in. Fails with SANDBOX_FAILED, and ends it, where it cannot be kept. */
  guard?(): void;
  /** Ends it with everything it started, at once; doing it twice is free. */
  kill(): void;
};

const readyLine = 'ready\n';
const bootMs = 15_000;
const keptWords = 2000;

/** Resolves when the runner waits for its work. Fails with SANDBOX_FAILED and what the sandbox said. */
export async function waitUntilReady(program: SandboxProgram): Promise<void> {
  const said = collect(program);
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(failure(`it was not ready after ${bootMs / 1000} s`)), bootMs);
  const ended = program.ended.then(({ code }) => {
    throw failure(`it ended with code ${code} before it was ready; it said: ${said.errors() || 'nothing'}`);
  });
  try {
    await Promise.race([said.ready, ended, late.promise]);
  } catch (error) {
    program.kill();
    throw error;
  } finally {
    clearTimeout(timer);
    said.stop();
  }
}

function failure(what: string): TalosError {
  return new TalosError('SANDBOX_FAILED', `A sandbox did not start: ${what}`);
}

/** Listens to both streams until told to stop; what comes after that waits for the next listener. */
function collect({ stdout, stderr }: SandboxProgram) {
  const ready = Promise.withResolvers<void>();
  let heard = '';
  let errors = '';
  const hear = (chunk: Buffer): void => {
    heard += chunk.toString('latin1');
    if (heard === readyLine) ready.resolve();
    else if (!readyLine.startsWith(heard)) ready.reject(failure('it is not our runner'));
  };
  const hearError = (chunk: Buffer): void => void (errors = (errors + chunk.toString('utf8')).slice(-keptWords));
  stdout.on('data', hear);
  stderr.on('data', hearError);
  return {
    ready: ready.promise,
    errors: () => errors.trim(),
    stop() {
      stdout.pause().off('data', hear);
      stderr.pause().off('data', hearError);
    },
  };
}
