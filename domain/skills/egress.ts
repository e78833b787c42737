import type { SkillPermissions } from './manifest.ts';

/** What one run may send and fetch. */
export const egressRule = {
  /** Tries per run, redirects and refusals among them; evidence holds them all. */
  mostAttempts: 60,
  mostPerSecond: 10,
  mostRedirects: 5,
  requestBytes: 1_048_576,
  replyBytes: 2_097_152,
  /** For one call with all its redirects. */
  timeoutMs: 20_000,
} as const;

/** Where a request may go, or why it may not; `host` is then what can be said of where it wanted to. */
export type EgressDecision =
  | { readonly allowed: true; readonly host: string; readonly path: string }
  | { readonly allowed: false; readonly host: string; readonly reason: string };

const longestUrl = 4096;

/** Read before any URL parser sees it, so that no two parsers can differ on where a request goes. */
const shape = /^(?<scheme>[^:/?#]*):\/\/(?<authority>[^/?#]*)(?<rest>.*)$/;

/** Decides whether a skill may reach a URL: HTTPS, exactly one of the hosts its manifest names, the usual port, nothing odd. */
export function decideEgress(url: string, { hosts }: Pick<SkillPermissions, 'hosts'>): EgressDecision {
  const { scheme = '', authority = '', rest = '' } = shape.exec(url)?.groups ?? {};
  const host = authority.replace(/:443$/, '');
  const objection = objectionTo(url) ?? objectionToHost({ scheme, host }, hosts);
  if (objection !== undefined) return { allowed: false, host: showable(authority || url), reason: objection };
  const parsed = URL.parse(`https://${host}${rest}`);
  // Some names are numbers to a URL parser: 0x7f.1 is one for 127.0.0.1.
  if (parsed?.hostname !== host) return { allowed: false, host, reason: 'the host is not a name' };
  return { allowed: true, host, path: `${parsed.pathname}${parsed.search}` };
}

function objectionTo(url: string): string | undefined {
  if (url.length > longestUrl) return `the URL is longer than ${longestUrl} characters`;
  if (/^[\x21-\x7e]+$/.test(url) && !/[\\^`{|}<>"]/.test(url)) return undefined;
  return 'the URL has characters that have to be percent-encoded';
}

function objectionToHost(
  { scheme, host }: { scheme: string; host: string },
  hosts: readonly string[],
): string | undefined {
  if (scheme !== 'https') return 'only https:// is allowed';
  if (!/^[a-z0-9.-]+$/.test(host)) return 'the host must be plain: lower case, no user name, no other port';
  return hosts.includes(host) ? undefined : 'the manifest does not name this host';
}

/** What the host sets itself, what belongs to one connection, and what claims to be somebody. */
const keptBack =
  /^(host|connection|keep-alive|te|trailer|transfer-encoding|upgrade|expect|content-length|accept-encoding|authorization|cookie2?|forwarded|via|origin|referer|proxy-.*|sec-.*|x-forwarded-.*|x-real-ip)$/;

/** What another host after a redirect may still see. */
const harmless = /^(accept|accept-language|content-type|user-agent)$/;

type Headers = Readonly<Record<string, string>>;

/** The headers of a skill that are sent, by lower-case names; those a secret goes into are the host's to set. */
export function headersToSend(
  headers: Headers,
  permissions: Pick<SkillPermissions, 'secrets'>,
): Record<string, string> {
  const secret = new Set(permissions.secrets.map(({ header }) => header.toLowerCase()));
  const lower = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  return Object.fromEntries(lower.filter(([name]) => !keptBack.test(name) && !secret.has(name)));
}

/** A request on its way; `isFirstHost` until a redirect has led to another host. */
export type Hop = {
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  readonly body?: string;
  readonly isFirstHost: boolean;
};

/** Where a reply sends the request on to, as browsers do it; undefined when it is no redirect. */
export function nextHop(hop: Hop, reply: { status: number; location: string | undefined }): Hop | undefined {
  if (![301, 302, 303, 307, 308].includes(reply.status) || reply.location === undefined) return undefined;
  const url = URL.parse(reply.location, hop.url);
  // What cannot be read goes on as it is, to be refused like any other address.
  const target = url === null ? reply.location : encodeRest(url.href.replace(/#.*$/, ''));
  const isSameHost = url?.host === new URL(hop.url).host;
  const becomesGet = reply.status === 303 ? hop.method !== 'HEAD' : reply.status < 303 && hop.method === 'POST';
  const { body, ...rest } = hop;
  const kept = Object.entries(hop.headers).filter(
    ([name]) => (isSameHost || harmless.test(name)) && !(becomesGet && name === 'content-type'),
  );
  return {
    ...rest,
    url: target,
    headers: Object.fromEntries(kept),
    isFirstHost: hop.isFirstHost && isSameHost,
    ...(becomesGet ? { method: 'GET' } : body !== undefined && { body }),
  };
}

/** Percent-encodes what URL parsers leave as it is and a skill may not send: a server that writes so is no fault of a skill. */
function encodeRest(url: string): string {
  return url.replaceAll(/[\\^`{|}]/g, (sign) => encodeURIComponent(sign));
}

/** What a refusal says of a host: printable, short, without a user name or password. */
function showable(text: string): string {
  const plain = text.replace(/^.*@/s, '').replaceAll(/[^\x21-\x7e]/g, '?');
  return plain.slice(0, 100);
}
