import { execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { freePortBlock } from './port-block.ts';

const launcher = fileURLToPath(new URL('../../talos', import.meta.url));
const run = promisify(execFile);

/** A Talos of its own: a fresh state directory and a free block of ports, driven through the launcher as a user would. */
export async function createHome(settings: Record<string, string> = {}) {
  const dir = await mkdtemp(join(tmpdir(), 'talos-'));
  const base = await freePortBlock();
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    TALOS_HOME: dir,
    TALOS_PORT_BASE: String(base),
    API_RATE_LIMIT_MAX: '100000',
    SKILL_AUTOLOAD_ENABLED: 'false', // seven quarantines at once are for the tests that look at them
    MODEL_AUTOPULL_ENABLED: 'false', // no test fetches models from outside
    ...settings,
  };
  const url = `http://127.0.0.1:${base}`;

  async function talos(...args: string[]): Promise<{ stdout: string; stderr: string }> {
    return run(launcher, args, { env, maxBuffer: 32 * 1024 * 1024 });
  }

  async function authorization(): Promise<string> {
    const file = await readFile(join(dir, 'config/talos.env'), 'utf8');
    const password = /^BASIC_AUTH_PASS=["']?([^"'\n]*)/m.exec(file)?.[1] ?? '';
    return `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`;
  }

  return {
    dir,
    base,
    url,
    env,
    talos,
    authorization,

    /** What `talos status --json` says of the running Talos. */
    async status(): Promise<HomeStatus> {
      return JSON.parse((await talos('status', '--json')).stdout) as HomeStatus;
    },

    /** Starts a command without waiting for it. */
    start: (...args: string[]) => spawn(launcher, args, { env, stdio: ['ignore', 'pipe', 'pipe'] }),

    /** `POST /chat` with JSON; the reply whatever its status. */
    async chat(message: string, extra: { conversation?: string; key?: string } = {}) {
      const response = await fetch(`${url}/chat`, {
        method: 'POST',
        headers: {
          authorization: await authorization(),
          'content-type': 'application/json',
          'idempotency-key': extra.key ?? randomUUID(),
        },
        body: JSON.stringify({
          message,
          ...(extra.conversation !== undefined && { conversation: extra.conversation }),
        }),
      });
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    },

    /** Stops whatever runs in this home and removes it. */
    async remove(): Promise<void> {
      await talos('down');
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** The part of `talos status --json` that tests use. */
export type HomeStatus = {
  pid: number;
  phase: string;
  children: { name: string; state: string; pid?: number; restarts: number }[];
};

export type TestHome = Awaited<ReturnType<typeof createHome>>;

/** Whether a process is there, were it a zombie. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false; // the signal had nobody to go to
  }
}
