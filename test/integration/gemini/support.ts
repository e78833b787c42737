import { randomUUID } from 'node:crypto';

import { createCloudModel, type CheckedCloud, type CloudSettings } from '../../../adapters/cloud-model.ts';
import { createGemini } from '../../../adapters/gemini.ts';
import { createMemoryAuditLog } from '../../../adapters/memory/audit-log.ts';
import { createMemoryCloudBreaker, createMemoryCloudBudget } from '../../../adapters/memory/cloud-limits.ts';
import type { CloudBreaker, CloudBudget, CloudClient, CloudEvent, CloudRequest } from '../../../domain/cloud/ports.ts';
import type { TalosError } from '../../../domain/errors.ts';

/** A key as Google makes them; no test may find it anywhere but in the header. */
export const key = 'AIzaSyTEST-0123456789-abcdefghijklmnop';

export const settings: CloudSettings = {
  model: 'first',
  fallbackModel: 'second',
  tokensPerDay: 50_000,
  maxOutputTokens: 8192,
};

/** A request that says `text`. */
export function saying(text: string, rest: Partial<CloudRequest> = {}): CloudRequest {
  return { messages: [{ role: 'user', content: text }], maxOutputTokens: 1000, temperature: 0, think: false, ...rest };
}

/** A cloud with everything a test may want to look at or move. */
export function createTestCloud(change: {
  key?: string;
  url?: string;
  client?: CloudClient;
  settings?: Partial<CloudSettings>;
  timeoutMs?: number;
  budget?: CloudBudget;
  breaker?: CloudBreaker;
}) {
  const clock = { now: Date.UTC(2026, 10, 25, 12) };
  const now = () => clock.now;
  const budget = change.budget ?? createMemoryCloudBudget();
  const breaker = change.breaker ?? createMemoryCloudBreaker();
  const audit = createMemoryAuditLog();
  const logged: unknown[] = [];
  const log = (...entry: unknown[]) => void logged.push(entry);
  const client =
    change.client ??
    createGemini({ key: change.key ?? key, url: change.url, timeoutMs: change.timeoutMs ?? 20_000, now });
  const cloud: CheckedCloud = createCloudModel({
    client,
    budget,
    breaker,
    audit,
    logger: { debug: log, info: log, warn: log, error: log },
    settings: { ...settings, ...change.settings },
    now,
    newId: randomUUID,
  });
  return { cloud, clock, budget, breaker, audit, logged };
}

/** What is called before a model is asked, where nobody looks. */
export const unheard = async (): Promise<void> => undefined;

/** Everything a cloud streams, and what it fails with in the end. */
export async function collect(
  events: AsyncIterable<CloudEvent>,
): Promise<{ events: CloudEvent[]; text: string; error?: TalosError }> {
  const all: CloudEvent[] = [];
  const textOf = () => all.map((event) => (event.type === 'text-delta' ? event.text : '')).join('');
  try {
    for await (const event of events) all.push(event);
    return { events: all, text: textOf() };
  } catch (error) {
    return { events: all, text: textOf(), error: error as TalosError };
  }
}
