import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

/** Only root can make a network namespace. */
export const canIsolate = process.getuid?.() === 0;

/** Prints one line for every packet that leaves by the interface: protocol, destination and what a name server is asked for. */
const capture = `
import socket, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.ntohs(3))
s.bind((sys.argv[1], 0))
def tell(*words):
    sys.stdout.write(' '.join(words) + '\\n')
    sys.stdout.flush()
def asked(packet):
    words, at = [], (packet[0] & 15) * 4 + 20
    while packet[at]:
        words.append(packet[at + 1:at + 1 + packet[at]].decode('latin1'))
        at += packet[at] + 1
    return '.'.join(words)
tell('ready')
while True:
    packet, address = s.recvfrom(65535)
    if address[1] != 0x0800:
        tell('ethertype', hex(address[1]))
    elif packet[9] == 17 and packet[(packet[0] & 15) * 4 + 3] == 53:
        tell('dns', asked(packet))
    else:
        tell(str(packet[9]), socket.inet_ntoa(packet[16:20]))
`;

/**
 * A network in which everything that is not this machine leads nowhere, and every packet on its way there is seen. Without the way out
 * (`hasRoute: false`) there is loopback alone.
 */
export async function createVoidNetwork({ hasRoute }: { hasRoute: boolean }) {
  const holder = spawn('unshare', ['--net', 'sleep', 'infinity'], { stdio: 'ignore' });
  await entered(holder);
  const inside = (...command: string[]): string[] => [`--net=/proc/${holder.pid}/ns/net`, ...command];
  const run = (...command: string[]) => execFileSync('nsenter', inside(...command), { stdio: 'pipe' });
  run('ip', 'link', 'set', 'lo', 'up');
  const packets: string[] = [];
  let sniffer: ChildProcess | undefined;
  if (hasRoute) {
    run('ip', 'link', 'add', 'void', 'type', 'veth', 'peer', 'name', 'nobody');
    run('sh', '-c', 'echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6');
    run('ip', 'address', 'add', '192.0.2.2/24', 'dev', 'void');
    run('ip', 'link', 'set', 'void', 'up');
    run('ip', 'link', 'set', 'nobody', 'up');
    run('ip', 'neighbour', 'add', '192.0.2.1', 'lladdr', '02:00:00:00:00:01', 'dev', 'void');
    run('ip', 'route', 'add', 'default', 'via', '192.0.2.1');
    sniffer = await startCapture(inside('python3', '-c', capture, 'void'), packets);
  }
  return {
    /** Everything that tried to leave so far, by protocol and destination. */
    packets: () => [...packets],
    /** How to start a command in this network: the program and its arguments. */
    command: (...command: string[]): [string, string[]] => ['nsenter', inside(...command)],
    close(): void {
      sniffer?.kill('SIGKILL');
      holder.kill('SIGKILL');
    },
  };
}

/** The namespace is there once it differs from our own. */
async function entered(holder: ChildProcess): Promise<void> {
  const own = execFileSync('readlink', ['/proc/self/ns/net']).toString();
  for (let tries = 0; tries < 100; tries += 1) {
    const theirs = execFileSync('readlink', [`/proc/${holder.pid}/ns/net`]).toString();
    if (theirs !== own) return;
    await sleep(20);
  }
  throw new Error('no network namespace could be made');
}

async function startCapture(args: string[], packets: string[]): Promise<ChildProcess> {
  const sniffer = spawn('nsenter', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: sniffer.stdout });
  await once(lines, 'line');
  lines.on('line', (line) => packets.push(line));
  return sniffer;
}
