import type { Duplex } from 'node:stream';

import Docker from 'dockerode';

import { TalosError } from '../../domain/errors.ts';
import { sandboxContainerBody, sandboxImage } from '../../domain/sandbox/container.ts';
import { dockerProgram } from './docker-program.ts';
import type { Driver, ProgramKind } from './driver.ts';
import type { SandboxProgram } from './program.ts';

const buildImage = 'infra/docker/sandbox/build.sh';
const startEngine = 'sudo systemctl start docker';
const startProxy = 'node infra/docker/socket-proxy/main.ts';
const streams = { stream: true, stdin: true, stdout: true, stderr: true, hijack: true };

/**
 * Sandboxes that are containers, made through the socket proxy at this address. What a worker that was killed leaves behind, the proxy
 * removes: a container lives as long as the stream somebody holds to it.
 */
export function createDockerDriver(proxyUrl: string): Driver {
  const docker = new Docker(addressOf(proxyUrl));
  const running = new Set<SandboxProgram>();

  async function start(kind: ProgramKind): Promise<SandboxProgram> {
    const container = await createContainer(docker, kind);
    try {
      const stream = await attach(container);
      const program = dockerProgram(container, stream);
      running.add(program);
      void program.ended.then(() => running.delete(program));
      await container.start();
      return program;
    } catch (error) {
      await container.remove({ force: true, v: true }).catch(() => undefined); // the proxy will, when nobody is attached
      throw failure(error);
    }
  }

  return {
    name: 'docker',
    async prepare() {
      try {
        const { Version } = await docker.version();
        const probe = await createContainer(docker, { runtime: 'node', memoryMiB: 32 });
        await probe.remove({ force: true, v: true });
        return { version: Version, limits: 'docker', hasPython: true };
      } catch (error) {
        throw unavailable(error, proxyUrl);
      }
    },
    start: (kind) => start(kind).catch((error: unknown) => Promise.reject(failure(error))),
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

function createContainer(docker: Docker, kind: ProgramKind): Promise<Docker.Container> {
  // Without `_query`, dockerode would repeat the whole body in the address.
  const options: object = { _query: {}, _body: sandboxContainerBody(kind) };
  return docker.createContainer(options);
}

/** With `hijack` the stream is the connection itself, both ways. */
async function attach(container: Docker.Container): Promise<Duplex> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- its types say less than dockerode gives
  return (await container.attach(streams)) as Duplex;
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
