import { classifyReply } from '../domain/cloud/failure.ts';
import { failureOfFault, type GeminiCall, malformed } from './gemini-failures.ts';
import { target } from './ollama-http.ts';
import { readStart } from './reply-start.ts';

/** Far more than the longest answer there is. */
const maxAnswerBytes = 32 * 1024 * 1024;

/**
 * A `fetch` for the official client that throws our errors: only here the headers are seen that say how long to wait. It follows no
 * redirect, for the key would go along to another host.
 */
export function createGeminiFetch(call: GeminiCall, now: () => number): typeof fetch {
  return async (input, init) => {
    const address = input instanceof Request ? input.url : String(input);
    const response = await fetch(...target(address, init ?? {}));
    const { status, headers } = response;
    if (response.ok) return bounded(response, call);
    if (status < 400) {
      await response.body?.cancel();
      throw malformed(call, `it wants to send us elsewhere (status ${status}); check GEMINI_BASE_URL`);
    }
    const retryAfter = headers.get('retry-after') ?? undefined;
    throw failureOfFault(classifyReply({ status, body: await readStart(response), retryAfter, at: now() }), call);
  };
}

function bounded(response: Response, call: GeminiCall): Response {
  let bytes = 0;
  const limit = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      bytes += chunk.byteLength;
      if (bytes > maxAnswerBytes) controller.error(malformed(call, 'the answer does not end'));
      else controller.enqueue(chunk);
    },
  });
  const { status, headers } = response;
  return new Response(response.body?.pipeThrough(limit) ?? null, { status, headers });
}
