import type { IncomingMessage } from 'node:http';

/**
 * What limits count a client by: its IPv4 address, or the /64 of its IPv6 address, since one machine has as many addresses
 * there as it likes. Headers that claim another address are not believed.
 */
export function clientAddress(request: IncomingMessage): string {
  return addressKey(request.socket.remoteAddress ?? 'unknown');
}

/** The key of an address as Node tells it. */
export function addressKey(address: string): string {
  const plain = address
    .toLowerCase()
    .replace(/^::ffff:(?=\d+\.)/, '')
    .replace(/%.*$/, '');
  if (!plain.includes(':')) return plain;
  const [head = '', tail] = plain.split('::');
  const groups = head === '' ? [] : head.split(':');
  const last = tail === undefined || tail === '' ? [] : tail.split(':');
  while (groups.length + last.length < 8) groups.push('0');
  return `${[...groups, ...last].slice(0, 4).join(':')}::/64`;
}
