/** Keeps an answer for a while and lets callers share the one under way; a failure is not kept. */
export function keptAnswer<T>(lifetimeMs: number, now: () => number, ask: () => Promise<T>): () => Promise<T> {
  let kept: { value: Promise<T>; at: number } | undefined;
  return () => {
    if (kept !== undefined && Math.abs(now() - kept.at) < lifetimeMs) return kept.value;
    const fresh = { value: ask(), at: now() };
    kept = fresh;
    fresh.value.catch(() => {
      if (kept === fresh) kept = undefined;
    });
    return fresh.value;
  };
}
