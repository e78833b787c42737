import type { Duplex } from 'node:stream';

import Docker from 'dockerode';

import { TalosError } from '../../domain/errors.ts';
import { sandboxContainerBody, sandboxImage } from '../../domain/sandbox/container.ts';
import { dockerProgram, within } from './docker-program.ts';
import type { Driver, ProgramKind } from './driver.ts';
import type { SandboxProgram } from './program.ts';

const buildImage = 'infra/docker/sandbox/build.sh';
const startEngine = 'sudo systemctl start docker';
const startProxy = 'node infra/docker/socket-proxy/main.ts';
const streams = { stream: true, stdin: true, stdout: true, stderr: true, hijack: true };
const removal = { force: true, v: true };
/** An engine that takes longer to start or remove a container hangs. */
const patience = 15_000;

/**
 * Sandboxes that are containers, made through the socket proxy at this address. What a worker that was killed leaves behind, the proxy
 * removes: a container lives as long as the stream somebody holds to it.
 */
export function createDockerDriver(proxyUrl: string, { patienceMs = patience } = {}): Driver {
  const docker = new Docker(addressOf(proxyUrl));
  const running = new Set<SandboxProgram>();

  async function start(kind: ProgramKind, late: AbortSignal): Promise<SandboxProgram> {
    const container = await createContainer(docker, kind, late);
    let stream: Duplex | undefined;
    try {
      stream = await attach(container, late);
      const program = dockerProgram({ container, stream, patienceMs });
      running.add(program);
      void program.ended.then(() => running.delete(program));
      await container.start({ abortSignal: late });
      return program;
    } catch (error) {
      await dismiss(container);
      stream?.destroy(); // an engine need not end the stream of what never ran
      throw failure(error);
    }
  }

  /** Removes a container; where that fails, the proxy does it when nobody is attached any more. */
  async function dismiss(container: Docker.Container): Promise<void> {
    await within(patienceMs, (abortSignal) => container.remove({ ...removal, abortSignal })).catch(() => undefined);
  }

  return {
    name: 'docker',
    async prepare(signal) {
      try {
        const { Version } = await versionOf(docker, signal);
        const probe = await createContainer(docker, { runtime: 'node', memoryMiB: 32 }, signal);
        await probe.remove({ ...removal, abortSignal: signal });
        return { version: Version, limits: 'docker', hasPython: true };
      } catch (error) {
        throw unavailable(error, proxyUrl);
      }
    },
    start: (kind) =>
      within(patienceMs, (late) => start(kind, late)).catch((error: unknown) => Promise.reject(failure(error))),
    async close() {
      for (const program of running) program.kill();
      await Promise.all([...running].map(({ ended }) => ended));
    },
  };
}

/** How dockerode is told where the socket proxy listens. */
export function addressOf(url: string): Docker.DockerOptions {
  if (url.startsWith('unix://')) return { socketPath: url.slice('unix://'.length) };
  const { protocol, hostname, port } = new URL(url);
  return { protocol: protocol === 'https:' ? 'https' : 'http', host: hostname, port: Number(port || 2375) };
}

function versionOf(docker: Docker, abortSignal: AbortSignal): Promise<Docker.DockerVersion> {
  type Options = { readonly abortSignal: AbortSignal };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- its types say less than dockerode takes
  return (docker as { version(options: Options): Promise<Docker.DockerVersion> }).version({ abortSignal });
}

function createContainer(docker: Docker, kind: ProgramKind, abortSignal: AbortSignal): Promise<Docker.Container> {
  // Without `_query`, dockerode would repeat the whole body in the address.
  const options: object = { _query: {}, _body: sandboxContainerBody(kind), abortSignal };
  return docker.createContainer(options);
}

/** With `hijack` the stream is the connection itself, both ways. */
async function attach(container: Docker.Container, abortSignal: AbortSignal): Promise<Duplex> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- its types say less than dockerode gives
  return (await container.attach({ ...streams, abortSignal })) as Duplex;
}

function failure(error: unknown): TalosError {
  if (error instanceof TalosError) return error;
  return new TalosError('SANDBOX_FAILED', `A sandbox container could not be made: ${messageOf(error)}`, {
    cause: error,
  });
}

function unavailable(error: unknown, proxyUrl: string): TalosError {
  const [what, fix] = reasonFor(error, proxyUrl);
  const message = `The docker sandbox cannot run: ${what}; run: ${fix}`;
  return new TalosError('SANDBOX_UNAVAILABLE', message, { cause: error, details: { driver: 'docker', fix } });
}

function reasonFor(error: unknown, proxyUrl: string): [what: string, fix: string] {
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
  if (status === 404) return [`the image ${sandboxImage} is not on this machine`, buildImage];
  if (status === 502) return ['the Docker engine gives the socket proxy no answer', startEngine];
  return [`the socket proxy at ${proxyUrl} gave no container: ${messageOf(error)}`, startProxy];
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message.trim() : String(error);
}
