/** Three critical firewall hits within ten minutes put a conversation on hold for an hour. */
export const holdRule = { hits: 3, windowMs: 600_000, holdMs: 3_600_000 } as const;

/** Adds a hit to the times of the last ones; `until` is set when they make a hold, which uses them up. The same time again is the same hit. */
export function recordHit(times: readonly number[], at: number): { times: number[]; until?: number } {
  if (times.includes(at)) return { times: [...times] };
  const latest = [...times, at].slice(-holdRule.hits);
  const span = Math.max(...latest) - Math.min(...latest);
  if (latest.length < holdRule.hits || span > holdRule.windowMs) return { times: latest };
  return { times: [], until: at + holdRule.holdMs };
}
