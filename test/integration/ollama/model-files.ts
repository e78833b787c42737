import { createHash } from 'node:crypto';

/** Makes a model of a GGUF file in a real server, past the code under test. */
export async function createModel(url: string, model: string, file: Buffer): Promise<void> {
  const id = `sha256:${createHash('sha256').update(file).digest('hex')}`;
  await post(`${url}/api/blobs/${id}`, new Uint8Array(file));
  const files = { 'model.gguf': id };
  await post(`${url}/api/create`, JSON.stringify({ model, files, parameters: { num_thread: 1 }, stream: false }));
}

/** Removes a model from a real server. */
export async function deleteModel(url: string, model: string): Promise<void> {
  await fetch(`${url}/api/delete`, { method: 'DELETE', body: JSON.stringify({ model }) });
}

async function post(address: string, body: string | Uint8Array<ArrayBuffer>): Promise<void> {
  const response = await fetch(address, { method: 'POST', body });
  if (!response.ok) throw new Error(`${address}: ${response.status} ${await response.text()}`);
}
