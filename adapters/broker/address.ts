import { isIP } from 'node:net';

import ipaddr from 'ipaddr.js';

/** Ranges that are no public Internet though the library calls them unicast (IANA special-purpose registries). */
const alsoSpecial = [
  '198.18.0.0/15', // benchmarks
  '192.31.196.0/24', // AS112
  '192.52.193.0/24', // automatic tunnels
  '192.175.48.0/24', // AS112
  '2001::/23', // IETF protocols, Teredo among them
  '2620:4f:8000::/48', // AS112
  '3fff::/20', // documentation
].map((range) => ipaddr.parseCIDR(range));

/** All of IPv6 that is public so far; whatever translates to IPv4 in an unexpected way lies outside of it. */
const publicIpv6 = ipaddr.parseCIDR('2000::/3');

/** Whether an address is one of the public Internet: what is local, private, shared, translated or special is not. */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 0 || !ipaddr.isValid(address)) return false;
  const parsed = ipaddr.parse(address);
  if (parsed.range() !== 'unicast') return false;
  if (parsed.kind() === 'ipv6' && !matches(parsed, publicIpv6)) return false;
  return !alsoSpecial.some((range) => matches(parsed, range));
}

/** Names that mean this machine or the own network wherever they are asked for (RFC 6761, 6762 and 8375; the root zone keeps `internal` free). */
const insideNames = /\.(localhost|local|internal|home\.arpa)$/;

/**
 * Whether it may well be the resolver of this network that leads a name inside: filters and login pages do that to any name. Not where the
 * name is none of the public Internet, nor where an answer goes to the metadata of a machine or mixes public addresses with others:
 * whoever owns the name made those.
 */
export function isAstray(host: string, addresses: readonly string[]): boolean {
  if (insideNames.test(host) || addresses.some(isLinkLocal)) return false;
  return new Set(addresses.map(isPublicAddress)).size < 2;
}

function isLinkLocal(address: string): boolean {
  return ipaddr.isValid(address) && ipaddr.process(address).range() === 'linkLocal';
}

type Address = ReturnType<typeof ipaddr.parse>;

function matches(address: Address, [network, bits]: [Address, number]): boolean {
  if (address instanceof ipaddr.IPv4) return network instanceof ipaddr.IPv4 && address.match(network, bits);
  return network instanceof ipaddr.IPv6 && address.match(network, bits);
}
