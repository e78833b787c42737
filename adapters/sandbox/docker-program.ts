import type { Duplex } from 'node:stream';
import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';

import type Docker from 'dockerode';

import type { SandboxEnd } from '../../domain/sandbox/classify.ts';
import type { SandboxProgram } from './program.ts';

/** As shells count a program that was killed. */
const killed: SandboxEnd = { code: 137 };

/** A container with the stream that is attached to it, and how long the engine may take for one answer. */
export type Attached = {
  readonly container: Docker.Container;
  readonly stream: Duplex;
  readonly patienceMs: number;
};

/** The program of a container, over the stream that is attached to it. It has ended only when the container is removed, or let go of. */
export function dockerProgram(attached: Attached): SandboxProgram {
  const { container, stream } = attached;
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  container.modem.demuxStream(stream, stdout, stderr);
  const gone = Promise.withResolvers<SandboxEnd>();
  let removing: Promise<void> | undefined;
  const remove = (): Promise<void> => (removing ??= removeContainer(attached).then(() => gone.resolve(killed)));

  async function end(): Promise<SandboxEnd> {
    await finished(stream).catch(() => undefined); // cut off is ended, too
    stdout.end();
    stderr.end();
    await Promise.all([stdout, stderr].map(drained));
    // it may have let go of its streams and go on until it is killed
    const how = removing === undefined ? await Promise.race([readEnd(container), gone.promise]) : killed;
    await remove();
    return how;
  }

  return { stdin: stream, stdout, stderr, ended: end(), kill: () => void remove() };
}

/** Ends and removes a container. Where that comes to nothing, letting go of the stream makes the socket proxy do it. */
async function removeContainer({ container, stream, patienceMs }: Attached): Promise<void> {
  try {
    await within(patienceMs, (abortSignal) => container.remove({ force: true, v: true, abortSignal }));
  } catch {
    stream.destroy();
  }
}

/** Does what asks the engine; a signal tells when it has taken too long. */
export async function within<T>(ms: number, ask: (late: AbortSignal) => Promise<T>): Promise<T> {
  const ending = new AbortController();
  const timer = setTimeout(() => ending.abort(), ms);
  try {
    return await ask(ending.signal);
  } finally {
    clearTimeout(timer); // a stream that was opened stays open
  }
}

/** Resolves when all output has been read; what nobody listens to is dropped. */
async function drained(output: PassThrough): Promise<void> {
  if (output.listenerCount('data') === 0) output.resume();
  await finished(output);
}

async function readEnd(container: Docker.Container): Promise<SandboxEnd> {
  try {
    await container.wait();
    const { State } = await container.inspect();
    // Only a yes can be relied upon: under load the engine misses that memory ran out.
    return { code: State.ExitCode, ...(State.OOMKilled ? { wasOutOfMemory: true } : {}) };
  } catch {
    return { ...killed, wasLost: true };
  }
}
