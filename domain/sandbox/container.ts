import { z } from 'zod';

/** The image sandbox containers are made of; `infra/docker/sandbox/build.sh` builds it on this machine. */
export const sandboxImage = 'talos-sandbox:4.0.0';

/** The name under which a container asks for the system-call filter; the socket proxy puts the filter itself in its place. */
export const sandboxFilter = 'seccomp=talos-sandbox';

/** What may differ between two sandbox containers. */
export const SandboxContainer = z.strictObject({
  runtime: z.enum(['node', 'python']),
  /** What the skill may have; the runtime itself gets its own on top. */
  memoryMiB: z.int().min(32).max(1024),
});
export type SandboxContainer = z.infer<typeof SandboxContainer>;

const runtimeMiB = { node: 64, python: 16 } as const satisfies Record<SandboxContainer['runtime'], number>;

const mebibyte = 1_048_576;
/** Processor time after which the kernel ends whatever is left of a run; the longest may take 300 s. */
const processorSeconds = 330;

/** The program of a sandbox container. */
function entrypoint({ runtime, memoryMiB }: SandboxContainer): string[] {
  if (runtime === 'python') return ['/usr/bin/python3', '-I', '-S', '-B', '/opt/talos/runner.py'];
  const options = ['--no-warnings', '--experimental-vm-modules', `--max-old-space-size=${memoryMiB}`];
  return ['/usr/local/bin/node', ...options, '/opt/talos/runner.cjs'];
}

/** What the kernel tells of the host and of what else runs there: the engine's own list, and what it forgot. */
const hiddenOfProc =
  'acpi asound bus cgroups cmdline config.gz diskstats fs interrupts iomem ioports irq kallsyms kcore keys latency_stats locks modules ' +
  'partitions pressure sched_debug scsi softirqs timer_list timer_stats version vmstat zoneinfo';
const hiddenPaths = [...hiddenOfProc.split(' ').map((name) => `/proc/${name}`), '/sys'];

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
      MaskedPaths: hiddenPaths,
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
        { Name: 'cpu', Soft: processorSeconds, Hard: processorSeconds },
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
    HostConfig: z.looseObject({ Memory: z.int() }),
  })
  .transform(({ Labels: { 'talos.runtime': runtime }, HostConfig }) => ({
    runtime,
    memoryMiB: HostConfig.Memory / mebibyte - runtimeMiB[runtime],
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
