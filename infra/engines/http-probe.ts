/** Asks a server for a page and resolves with the round trip in ms; rejects unless it answers 200. */
export async function probeHttp(address: string, signal: AbortSignal): Promise<number> {
  const startedAt = performance.now();
  const response = await fetchPage(address, { signal });
  await response.arrayBuffer();
  if (response.status !== 200) throw new Error(`${response.url} answers ${response.status}`);
  return performance.now() - startedAt;
}

type Asking = { readonly signal: AbortSignal; readonly headers?: Readonly<Record<string, string>> };

/** Asks for a page. `fetch` refuses addresses with a password and repeats it in saying so; it goes into the header it stands for. */
export async function fetchPage(address: string, { signal, headers }: Asking): Promise<Response> {
  const url = new URL(address);
  const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  url.username = '';
  url.password = '';
  const authorization = `Basic ${Buffer.from(credentials).toString('base64')}`;
  return fetch(url, { signal, headers: { ...(credentials !== ':' && { authorization }), ...headers } });
}
