import { z } from 'zod';

/** The image sandbox containers are made of; `infra/docker/sandbox/build.sh` builds it on this machine. */
export const sandboxImage = 'talos-sandbox:4.0.0';

/** The name under which a container asks for the system-call filter; the socket proxy puts the filter itself in its place. */
export const sandboxFilter = 'seccomp=talos-sandbox';

/** What may differ between two sandbox containers. */
export const SandboxContainer = z.strictObject({
  runtime: z.enum(['js', 'py']),
  memoryMiB: z.int().min(32).max(1024),
  /** Processor seconds after which the kernel ends the process. */
  cpuSeconds: z.int().min(1).max(400),
});
export type SandboxContainer = z.infer<typeof SandboxContainer>;

/** What the runtime itself takes before the skill gets anything, so that a skill has the memory its manifest says. */
const runtimeMiB = { js: 64, py: 16 };

const mebibyte = 1024 * 1024;

/** The program of a sandbox container. */
function entrypoint({ runtime, memoryMiB }: SandboxContainer): string[] {
  if (runtime === 'py') return ['/usr/bin/python3', '-I', '-S', '-B', '/opt/talos/runner.py'];
  return ['/usr/local/bin/node', `--max-old-space-size=${memoryMiB}`, '/opt/talos/runner.cjs'];
}

/**
 * The only body with which a sandbox container may be created, as the Engine API writes it. The driver sends it and the socket proxy
 * compares it, byte for byte: there is no second description of what is allowed.
 */
export function sandboxContainerBody(container: SandboxContainer) {
  const memory = (container.memoryMiB + runtimeMiB[container.runtime]) * mebibyte;
  return {
    Image: sandboxImage,
    Entrypoint: entrypoint(container),
    User: '65534:65534',
    WorkingDir: '/tmp',
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    Tty: false,
    // With `NetworkMode` alone the engine still sets a network up and takes it down.
    NetworkDisabled: true,
    Labels: { 'talos.runtime': container.runtime },
    HostConfig: {
      NetworkMode: 'none',
      IpcMode: 'none',
      CgroupnsMode: 'private',
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges', sandboxFilter],
      Memory: memory,
      // The same value: no swap.
      MemorySwap: memory,
      PidsLimit: 64,
      NanoCpus: 1_000_000_000,
      OomScoreAdj: 1000,
      Tmpfs: { '/tmp': 'rw,noexec,nosuid,nodev,size=16m,nr_inodes=4096,mode=1777' },
      Ulimits: [
        { Name: 'core', Soft: 0, Hard: 0 },
        { Name: 'cpu', Soft: container.cpuSeconds, Hard: container.cpuSeconds },
        { Name: 'fsize', Soft: 16 * mebibyte, Hard: 16 * mebibyte },
        { Name: 'nofile', Soft: 256, Hard: 256 },
      ],
      LogConfig: { Type: 'none' },
    },
  };
}

/** The parts of a body that may differ, wherever they are; everything else is left to the comparison. */
const Parts = z
  .looseObject({
    Labels: z.looseObject({ 'talos.runtime': SandboxContainer.shape.runtime }),
    HostConfig: z.looseObject({
      Memory: z.int(),
      Ulimits: z.array(z.looseObject({ Name: z.string(), Soft: z.number() })),
    }),
  })
  .transform(({ Labels, HostConfig }) => ({
    runtime: Labels['talos.runtime'],
    memoryMiB: HostConfig.Memory / mebibyte - runtimeMiB[Labels['talos.runtime']],
    cpuSeconds: HostConfig.Ulimits.find(({ Name }) => Name === 'cpu')?.Soft,
  }))
  .pipe(SandboxContainer);

/** What a create body asks for, or undefined when it is not, byte for byte, a body of `sandboxContainerBody`. */
export function readSandboxContainerBody(text: string): SandboxContainer | undefined {
  const { data } = Parts.safeParse(parseJson(text));
  return data !== undefined && JSON.stringify(sandboxContainerBody(data)) === text ? data : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Whatever is no JSON is no body of ours either.
    return undefined;
  }
}
