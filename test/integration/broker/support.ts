import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';

import type { Dial } from '../../../adapters/broker/exchange.ts';
import { createMemoryAuditLog } from '../../../adapters/memory/audit-log.ts';
import { createSkillPowers, type SkillPowersOptions } from '../../../adapters/skill-powers.ts';
import type { JsonValue } from '../../../domain/json.ts';
import { SkillManifest, type SkillPermissions } from '../../../domain/skills/manifest.ts';

/** A public address every host of a test resolves to; what is dialled there reaches the server of the test. */
export const publicAddress = '93.184.215.14';

/** A request as the server saw it. */
export type Seen = { host: string; method: string; url: string; headers: IncomingMessage['headers']; body: string };

/** A server on this machine; `dial` takes every address for it and writes down which. */
export async function startServer(answer: (seen: Seen, ...listener: Parameters<RequestListener>) => void) {
  const seen: Seen[] = [];
  const dialled: { address: string; host: string }[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      let body = '';
      for await (const chunk of request) body += String(chunk);
      const { method = '', url = '', headers } = request;
      const one = { host: headers.host ?? '', method, url, headers, body };
      seen.push(one);
      answer(one, request, response);
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const dial: Dial = (target) => {
    dialled.push(target);
    return connect(port, '127.0.0.1');
  };
  return {
    seen,
    dialled,
    dial,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** The powers of one run with the given permissions. */
export function powersOf(permissions: Partial<SkillPermissions>, options: Partial<SkillPowersOptions> = {}) {
  const manifest = SkillManifest.parse({
    id: 'test-skill',
    version: '1.0.0',
    description: 'for tests',
    language: 'js',
    entry: 'main.js',
    input: {},
    output: {},
    permissions,
  });
  const audit = createMemoryAuditLog();
  const powers = createSkillPowers({
    audit,
    secretOf: () => undefined,
    resolve: async () => [publicAddress],
    foldersOf: () => new Map(),
    searchMemory: async () => [],
    callTool: async () => null,
    ...options,
  })({ runId: 'run-1', manifest });
  const signal = new AbortController().signal;
  return {
    audit,
    powers,
    egress: () => powers.egress(),
    fetch: (input: JsonValue) => powers.call('fetch', input, signal) as Promise<Fetched>,
    folder: (input: JsonValue) => powers.call('folder', input, signal),
    call: (power: 'memory' | 'tool', input: JsonValue) => powers.call(power, input, signal),
  };
}

/** What a fetch gives. */
export type Fetched = { status: number; url: string; headers: Record<string, string>; body: string; encoding: string };

/** What a promise fails with. */
export async function failure(work: Promise<unknown>): Promise<{ code?: string; message: string }> {
  return work.then(
    () => ({ message: 'it did not fail' }),
    (error: { code?: string; message: string }) => error,
  );
}
