import type { MessageKey } from '../chat.ts';

/** Three critical firewall hits within ten minutes put a conversation on hold for an hour. */
export const holdRule = { hits: 3, windowMs: 600_000, holdMs: 3_600_000 } as const;

/** A message the firewall found critical, and when it came. */
export type CriticalHit = { readonly key: MessageKey; readonly at: number };

/** Adds a hit to the last ones; `until` is set when they make a hold, which uses them up. The same message counts once. */
export function recordHit(hits: readonly CriticalHit[], hit: CriticalHit): { hits: CriticalHit[]; until?: number } {
  if (hits.some(({ key }) => key === hit.key)) return { hits: [...hits] };
  const latest = [...hits, hit].slice(-holdRule.hits);
  const times = latest.map(({ at }) => at);
  const span = Math.max(...times) - Math.min(...times);
  if (latest.length < holdRule.hits || span > holdRule.windowMs) return { hits: latest };
  return { hits: [], until: hit.at + holdRule.holdMs };
}
