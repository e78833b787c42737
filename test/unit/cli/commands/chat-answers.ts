import { type Handle, type SeenRequest, replyJson, sse } from './harness.ts';

/** The reply to a message as GET /chat/{id} gives it. */
export function replyTo(request: SeenRequest, more: object = {}): object {
  const id = request.path.split('/')[2] ?? '';
  const [conversation] = id.split('.');
  return { id, conversation, state: 'answered', response: 'Hello there', blocked: false, ...more };
}

/** Answers every message with these pieces. */
export function answering(pieces: readonly string[], more: object = {}): Handle {
  return (request, response) => {
    if (request.method === 'GET') return replyJson(response, 200, replyTo(request, more));
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(': hello\n\n');
    response.write(sse('1-0', { type: 'attempt-start', attempt: 1 }));
    for (const [index, text] of pieces.entries()) response.write(sse(`2-${index}`, { type: 'text-delta', text }));
    response.end(sse('3-0', { type: 'done', state: 'answered' }));
  };
}
