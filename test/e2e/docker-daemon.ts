import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** A Docker daemon of the test's own: nothing it makes outlives it. */
export type DockerDaemon = {
  /** Environment under which `docker` speaks to it. */
  readonly env: NodeJS.ProcessEnv;
  /** Runs a program whose `docker` is this one; resolves with its output. */
  run(program: string, ...args: readonly string[]): Promise<string>;
  /** Everything a container has printed. */
  logs(container: string): Promise<string>;
  /** Kills it with -9; its containers go on. */
  kill(): Promise<void>;
  /** Starts it again where it was. */
  restart(): Promise<void>;
  stop(): Promise<void>;
};

/** The Node of the tests first; Debian keeps daemons where ordinary users do not look. */
const searchPath = `${dirname(process.execPath)}:${process.env['PATH']}:/usr/sbin:/sbin`;

/**
 * Starts dockerd in a temporary folder, without a bridge or firewall rules of its own: containers use the host's network or none.
 * Needs root and the package docker.io.
 */
export async function startDockerDaemon(): Promise<DockerDaemon> {
  const dir = mkdtempSync(join(tmpdir(), 'talos-docker-'));
  const socket = `unix://${join(dir, 'docker.sock')}`;
  const folders = ['--data-root', join(dir, 'data'), '--exec-root', join(dir, 'exec'), '--pidfile', join(dir, 'pid')];
  // Asked for no bridge, dockerd deletes docker0 even where that belongs to another daemon: leave that one as it is.
  const bridge = existsSync('/sys/class/net/docker0') ? 'docker0' : 'none';
  const network = ['--bridge', bridge, '--iptables=false', '--ip-masq=false', '--ip-forward=false'];
  const args = [...folders, '--host', socket, ...network];
  const env = { ...process.env, PATH: searchPath, DOCKER_HOST: socket, DOCKER_BUILDKIT: '0' };
  let daemon = await launch(args);
  return {
    env,
    async run(program, ...args) {
      const { stdout } = await execute(program, args, { env, maxBuffer: 64 * 1024 * 1024 });
      return stdout.trim();
    },
    async logs(container) {
      const { stdout, stderr } = await execute('docker', ['logs', container], { env });
      return stdout + stderr;
    },
    kill: () => end(daemon, 'SIGKILL'),
    async restart() {
      // Its containerd died with it; where nobody has reaped that yet, a new daemon would wait for it in vain.
      rmSync(join(dir, 'exec/containerd/containerd.pid'), { force: true });
      daemon = await launch(args);
    },
    async stop() {
      await end(daemon, 'SIGTERM');
      killShims(dir);
      await unmountBelow(dir);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Starts a daemon; resolves when it listens. */
async function launch(args: readonly string[]): Promise<ChildProcess> {
  const daemon = spawn('dockerd', args, {
    env: { ...process.env, PATH: searchPath },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  await listening(daemon.stderr, once(daemon, 'error'));
  return daemon;
}

async function end(daemon: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (daemon.exitCode !== null || daemon.signalCode !== null) return;
  const ended = once(daemon, 'exit');
  daemon.kill(signal);
  await ended;
}

/** A daemon killed between the making of a container and its start forgets it: the process that would have become it waits for ever. */
function killShims(dir: string): void {
  const pids = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry));
  const shims = pids.filter((pid) => read(`/proc/${pid}/cmdline`).includes(`${dir}/exec/containerd/containerd.sock`));
  for (const shim of shims) {
    const children = read(`/proc/${shim}/task/${shim}/children`).split(' ').filter(Boolean);
    for (const pid of [...children, shim]) killIfThere(Number(pid));
  }
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it has ended meanwhile
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return ''; // it has ended meanwhile
  }
}

/** The daemon leaves the network namespace of host-network containers mounted. */
async function unmountBelow(dir: string): Promise<void> {
  const places = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '');
  for (const place of places.filter((path) => path.startsWith(`${dir}/`)).toReversed())
    await execute('umount', [place]);
}

/** Resolves when the daemon says that it listens; fails with all it said when it ends before. */
async function listening(stderr: NodeJS.ReadableStream, failed: Promise<unknown[]>): Promise<void> {
  const said: string[] = [];
  const ready = new Promise<boolean>((resolve) => {
    const lines = createInterface(stderr);
    lines.on('line', (line) => {
      said.push(line);
      if (line.includes('API listen on')) resolve(true);
    });
    lines.on('close', () => resolve(false));
  });
  const missing = failed.then(([error]) => {
    throw new Error('dockerd cannot be started: install the package docker.io (apt-get install docker.io)', {
      cause: error,
    });
  });
  if (!(await Promise.race([ready, missing]))) throw new Error(`dockerd ended:\n${said.slice(-20).join('\n')}`);
}
