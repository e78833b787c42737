/** Asks a server for a page and resolves with the round trip in ms; rejects unless it answers 200. */
export async function probeHttp(url: string, signal: AbortSignal): Promise<number> {
  const startedAt = performance.now();
  const response = await fetch(url, { signal });
  await response.arrayBuffer();
  if (response.status !== 200) throw new Error(`${url} answers ${response.status}`);
  return performance.now() - startedAt;
}
