import type { Duplex } from 'node:stream';
import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';

import type Docker from 'dockerode';

import type { SandboxEnd } from '../../domain/sandbox/classify.ts';
import type { SandboxProgram } from './program.ts';

/** As shells count a program that was killed. */
const killed: SandboxEnd = { code: 137 };

/** The program of a container, over the stream that is attached to it. It has ended only when the container is removed. */
export function dockerProgram(container: Docker.Container, stream: Duplex): SandboxProgram {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  container.modem.demuxStream(stream, stdout, stderr);
  let removing: Promise<void> | undefined;
  const remove = (): Promise<void> => (removing ??= removeContainer(container, stream));

  async function end(): Promise<SandboxEnd> {
    await finished(stream).catch(() => undefined); // cut off is ended, too
    stdout.end();
    stderr.end();
    await Promise.all([stdout, stderr].map(drained));
    const how = removing === undefined ? await readEnd(container) : killed;
    await remove();
    return how;
  }

  return { stdin: stream, stdout, stderr, ended: end(), kill: () => void remove() };
}

/** Ends and removes a container. Where that cannot be asked for, letting go of the stream makes the socket proxy do it. */
async function removeContainer(container: Docker.Container, stream: Duplex): Promise<void> {
  try {
    await container.remove({ force: true, v: true });
  } catch {
    stream.destroy();
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
