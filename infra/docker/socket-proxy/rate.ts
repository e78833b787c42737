/** Lets `burst` calls through at once and `perSecond` in the long run; the returned function tells whether this one may pass. */
export function createRate(
  { perSecond, burst }: { perSecond: number; burst: number },
  now: () => number,
): () => boolean {
  let tokens = burst;
  let filledAt = now();
  return () => {
    const time = now();
    tokens = Math.min(burst, tokens + ((time - filledAt) / 1000) * perSecond);
    filledAt = time;
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  };
}
