import { lookup } from 'node:dns/promises';

import { z } from 'zod';

import { TalosError, toTalosError } from '../../domain/errors.ts';
import type { JsonValue } from '../../domain/json.ts';
import type { AuditLog } from '../../domain/ports.ts';
import type { EgressAttempt } from '../../domain/sandbox/run.ts';
import { decideEgress, egressRule, headersToSend, type Hop, nextHop } from '../../domain/skills/egress.ts';
import type { SkillManifest } from '../../domain/skills/manifest.ts';
import { isAstray, isPublicAddress } from './address.ts';
import { createEgressRecord, type EgressRecord } from './egress-record.ts';
import { type Dial, dialTls, exchange, type Reply, unavailable } from './exchange.ts';
import { parsePowerInput } from './input.ts';
import { redactSecrets, redactSecretText } from './redact.ts';
import { secretHeaders, type SecretSource } from './secrets.ts';

/** What fetching stands on; the defaults are the real network. */
export type FetchOptions = {
  readonly audit: AuditLog;
  readonly secretOf: SecretSource;
  /** All addresses of a host. Asked once for each hop. */
  readonly resolve?: (host: string) => Promise<readonly string[]>;
  readonly dial?: Dial;
  /** Addresses of this machine; public ones among them are refused, too. */
  readonly ownAddresses?: () => readonly string[];
  readonly now?: () => number;
  readonly timeoutMs?: number;
};

type Run = { readonly runId: string; readonly manifest: SkillManifest };

/** The power to fetch from the hosts of one manifest. */
export type FetchPower = {
  fetch(input: JsonValue, signal: AbortSignal): Promise<JsonValue>;
  attempts(): readonly EgressAttempt[];
};

const FetchInput = z.strictObject({
  url: z.string(),
  method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']).default('GET'),
  headers: z
    .record(z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/), z.string().regex(/^[\t\x20-\x7e]{0,4096}$/))
    .refine((headers) => Object.keys(headers).length <= 32, 'use at most 32 headers')
    .default({}),
  body: z.string().optional(),
});

/** Makes the power of one run. Every hop is checked, recorded and audited before anything leaves this machine. */
export function createFetchPower(run: Run, options: FetchOptions): FetchPower {
  const { permissions } = run.manifest;
  const { secretOf, dial = dialTls, timeoutMs = egressRule.timeoutMs } = options;
  const record = createEgressRecord(run, options);

  async function findSecrets(host: string, attempt: Attempt): Promise<Record<string, string>> {
    try {
      return secretHeaders(host, permissions, secretOf);
    } catch (thrown) {
      return await record.refuse(attempt, 'a secret is missing', toTalosError(thrown));
    }
  }

  async function travel({ hop, from }: Leg, signal: AbortSignal): Promise<{ reply: Reply; secrets: string[] }> {
    const decision = decideEgress(hop.url, permissions);
    const attempt = { host: decision.host, method: hop.method };
    const failure = from === undefined ? undefined : sentOn(from, attempt.host);
    if (!decision.allowed) return await record.refuse(attempt, decision.reason, failure);
    const { host, path } = decision;
    const secrets = hop.isFirstHost ? await findSecrets(host, attempt) : {};
    const address = await findAddress(host, { record, attempt, options, signal, failure });
    const sent = await record.allow(attempt);
    const headers = { ...hop.headers, ...secrets };
    const { method, body } = hop;
    try {
      const outgoing = { host, address, path, method, headers, ...(body !== undefined && { body }) };
      const reply = await exchange(dial, outgoing, { signal, mostBytes: egressRule.replyBytes });
      sent.settle({ status: reply.status, bytes: reply.body.length });
      return { reply, secrets: Object.values(secrets) };
    } catch (error) {
      sent.settle({ reason: error instanceof TalosError ? error.code : 'INTERNAL' });
      throw error;
    }
  }

  return {
    attempts: record.attempts,

    async fetch(input, outer) {
      let hop = firstHop(input, permissions);
      const signal = AbortSignal.any([outer, AbortSignal.timeout(timeoutMs)]);
      const seen: string[] = [];
      let from: string | undefined;
      for (let redirects = 0; ; redirects += 1) {
        const { reply, secrets } = await travel({ hop, from }, signal);
        seen.push(...secrets);
        const next = nextHop(hop, { status: reply.status, location: reply.headers['location'] });
        if (next === undefined) return toAnswer(reply, { url: hop.url, secrets: seen });
        if (redirects === egressRule.mostRedirects) {
          throw new TalosError('HOST_UNAVAILABLE', `It was sent on more than ${egressRule.mostRedirects} times.`);
        }
        from = new URL(hop.url).host;
        hop = next;
      }
    },
  };
}

function firstHop(input: JsonValue, permissions: SkillManifest['permissions']): Hop {
  const { url, method, headers, body } = parsePowerInput(FetchInput, input, 'fetch');
  if (body !== undefined && Buffer.byteLength(body) > egressRule.requestBytes) {
    throw new TalosError('BODY_TOO_LARGE', `A skill sends at most ${egressRule.requestBytes} bytes at once.`);
  }
  const sent = { headers: headersToSend(headers, permissions), ...(body !== undefined && { body }) };
  return { url, method, isFirstHost: true, ...sent };
}

/** One request on a way; `from` is the host that sent it on. */
type Leg = { readonly hop: Hop; readonly from: string | undefined };

/** Where a host sends a request on to is its doing: it is refused like any other, and the skill is not to blame. */
function sentOn(from: string, to: string): TalosError {
  return new TalosError('HOST_UNAVAILABLE', `${from} sent the request on to ${to}, which may not be reached.`, {
    details: { host: from },
  });
}

type Attempt = Pick<EgressAttempt, 'host' | 'method'>;

type Search = {
  readonly record: EgressRecord;
  readonly attempt: Attempt;
  readonly options: FetchOptions;
  readonly signal: AbortSignal;
  /** In place of the usual refusal. */
  readonly failure: TalosError | undefined;
};

/** The one address that is dialled. The name is resolved once, so what was checked is what is dialled. */
async function findAddress(host: string, search: Search): Promise<string> {
  const { record, attempt, options, signal, failure } = search;
  const { resolve = resolveAll, ownAddresses = () => [] } = options;
  let addresses: readonly string[];
  try {
    addresses = await Promise.race([resolve(host), rejectOn(signal)]);
  } catch (thrown) {
    return await record.refuse(attempt, 'its name cannot be resolved', unavailable(host, thrown, signal));
  }
  const own = new Set(ownAddresses());
  const [address] = addresses;
  if (address === undefined || addresses.some((one) => !isPublicAddress(one) || own.has(one))) {
    const reason = 'its name leads to an address that is not of the public Internet';
    const byResolver = isAstray(host, addresses) ? ledAstray(host, reason) : undefined;
    return await record.refuse(attempt, reason, failure ?? byResolver);
  }
  return address;
}

/** Filters of advertisements and login pages of networks give such addresses for any name: the skill asked for what it may. */
function ledAstray(host: string, reason: string): TalosError {
  const message = `${host} was not asked: ${reason}; whoever resolves names for this machine says so.`;
  return new TalosError('HOST_UNAVAILABLE', message, { details: { host, why: reason } });
}

async function resolveAll(host: string): Promise<string[]> {
  const found = await lookup(host, { all: true, order: 'ipv4first' });
  return found.map(({ address }) => address);
}

function rejectOn(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const refuse = () => reject(new Error('it took too long'));
    if (signal.aborted) refuse();
    else signal.addEventListener('abort', refuse, { once: true });
  });
}

/** Nobody asks for it; and what is packed may hold a secret that nobody finds. */
function isPacked({ headers, body }: Reply): boolean {
  return body.length > 0 && !/^(identity)?$/i.test(headers['content-encoding'] ?? '');
}

function unreadable(): TalosError {
  const why = 'it is packed, though nobody asked for that, and cannot be searched for secrets';
  return new TalosError('HOST_UNAVAILABLE', `The reply of the host is not taken: ${why}.`, { details: { why } });
}

/** What the skill gets: text where the bytes are UTF-8, else base64. */
function toAnswer(reply: Reply, { url, secrets }: { url: string; secrets: string[] }): JsonValue {
  if (secrets.length > 0 && isPacked(reply)) throw unreadable();
  const { status, headers, body } = reply;
  const clean = redactSecrets(body, secrets);
  const shown = Object.entries(headers).map(([name, value]) => [name, redactSecretText(value, secrets)]);
  const text = readUtf8(clean);
  return {
    status,
    url: redactSecretText(url, secrets),
    headers: Object.fromEntries(shown),
    ...(text === undefined ? { body: clean.toString('base64'), encoding: 'base64' } : { body: text, encoding: 'utf8' }),
  };
}

function readUtf8(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined; // no text
  }
}
