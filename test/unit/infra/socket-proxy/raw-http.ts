import { connect } from 'node:net';

/** Sends bytes as they are and returns everything that comes back until the other side closes or has answered `answers` times. */
export async function sendRaw(socketPath: string, bytes: string | Buffer): Promise<string> {
  const socket = connect(socketPath);
  socket.on('error', () => socket.destroy());
  socket.write(bytes);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    if (isWhole(Buffer.concat(chunks).toString('latin1'))) socket.end();
  });
  await new Promise<void>((resolve) => socket.on('close', () => resolve()));
  return Buffer.concat(chunks).toString('latin1');
}

/** Whether at least one whole answer is there. */
function isWhole(text: string): boolean {
  const [head = '', body = ''] = text.split('\r\n\r\n', 2);
  if (!text.includes('\r\n\r\n')) return false;
  return body.length >= Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
}

/** Every status in what came back. */
export function statusesIn(text: string): number[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status));
}

/** A well-formed request as bytes; with a protocol, it asks to be upgraded to that. */
export function request(method: string, url: string, ...[body = '', upgrade]: (string | undefined)[]): string {
  const upgrading = upgrade === undefined ? [] : ['Connection: Upgrade', `Upgrade: ${upgrade}`];
  const headers = ['Host: docker', 'Content-Type: application/json', `Content-Length: ${Buffer.byteLength(body)}`];
  return [`${method} ${url} HTTP/1.1`, ...headers, ...upgrading, '', body].join('\r\n');
}
