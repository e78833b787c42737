import { request } from 'node:http';

/** What the API said when asked for its health: the status and the parsed body. */
export type HealthAnswer = { readonly status: number; readonly body: unknown };

/** Asks the API of this home over its Unix socket. Rejects when nobody answers. */
export async function askHealth(socketPath: string, signal: AbortSignal): Promise<HealthAnswer> {
  return await new Promise((resolve, reject) => {
    const call = request({ socketPath, path: '/health', signal, headers: { host: 'localhost' } }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({ status: response.statusCode ?? 0, body: parseOrText(text) });
      });
    });
    call.on('error', reject);
    call.end();
  });
}

function parseOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
