import { execFile } from 'node:child_process';
import { readFile, readdir, readlink } from 'node:fs/promises';

/** The process that listens on a port. */
export type PortHolder = { readonly pid: number; readonly command: string };

/** Tells which process listens on a TCP port of this machine, if the system lets us see it. */
export async function findPortHolder(port: number): Promise<PortHolder | undefined> {
  const inodes = await listeningInodes(port);
  return inodes === undefined ? await askLsof(port) : await findSocketOwner(inodes);
}

/** Inodes of the sockets that listen on the port, from the text of /proc/net/tcp or tcp6. */
export function parseListeningInodes(table: string, port: number): string[] {
  const listening = '0A';
  return table
    .split('\n')
    .slice(1)
    .flatMap((row) => {
      const [, local, , state, , , , , , inode] = row.trim().split(/\s+/);
      const isOurs = state === listening && Number.parseInt(local?.split(':')[1] ?? '', 16) === port;
      return isOurs && inode !== undefined ? [inode] : [];
    });
}

/** The first process in the output of `lsof -F pc`. */
export function parseLsof(output: string): PortHolder | undefined {
  const match = /^p(\d+)$[\s\S]*?^c(.+)$/m.exec(output);
  return match?.[1] === undefined || match[2] === undefined ? undefined : { pid: Number(match[1]), command: match[2] };
}

async function listeningInodes(port: number): Promise<string[] | undefined> {
  const tables = await Promise.all(['/proc/net/tcp', '/proc/net/tcp6'].map(readOrUndefined));
  const known = tables.filter((table) => table !== undefined);
  return known.length === 0 ? undefined : known.flatMap((table) => parseListeningInodes(table, port));
}

async function findSocketOwner(inodes: readonly string[]): Promise<PortHolder | undefined> {
  const wanted = new Set(inodes.map((inode) => `socket:[${inode}]`));
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  for (const pid of pids) {
    if (await hasOpen(pid, wanted)) return { pid: Number(pid), command: await commandOf(pid) };
  }
  return undefined;
}

async function hasOpen(pid: string, wanted: ReadonlySet<string>): Promise<boolean> {
  const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []); // gone, or another user's
  const targets = await Promise.all(descriptors.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')));
  return targets.some((target) => wanted.has(target));
}

async function commandOf(pid: string): Promise<string> {
  const words = ((await readOrUndefined(`/proc/${pid}/cmdline`)) ?? '').split('\0').filter((word) => word !== '');
  const command = words.slice(0, 2).join(' ');
  return command === '' ? 'a process' : command.slice(0, 60);
}

async function readOrUndefined(path: string): Promise<string | undefined> {
  return await readFile(path, 'utf8').catch(() => undefined); // absent outside Linux, or the process has ended
}

async function askLsof(port: number): Promise<PortHolder | undefined> {
  return await new Promise((resolve) => {
    execFile('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpc'], { timeout: 3000 }, (_error, stdout) =>
      resolve(parseLsof(stdout)),
    );
  });
}
