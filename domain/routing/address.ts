/**
 * The host of an address that is not this machine; undefined for one that cannot be left by, or that is among `ownNames`. An unreadable
 * address counts as outside.
 */
export function leavesMachine(address: string, ownNames: readonly string[] = []): string | undefined {
  const host = hostOf(address);
  return isLoopback(host) || ownNames.includes(host) ? undefined : host;
}

function hostOf(address: string): string {
  const url = URL.parse(address);
  return url === null ? address : url.hostname;
}

/** An URL writes every form of an IPv4 address in dotted numbers, and IPv6 in brackets and short. */
function isLoopback(host: string): boolean {
  if (host === 'localhost' || host.endsWith('.localhost')) return true;
  if (host === '[::1]' || host === '[::]' || host === '0.0.0.0') return true;
  return /^127\.\d+\.\d+\.\d+$/.test(host) || /^\[::ffff:7f[0-9a-f]{2}:[0-9a-f]{1,4}\]$/.test(host);
}
