import { describe, expect, it } from 'vitest';

import { failureOfReply, failureOfTransport } from '../../../adapters/ollama-failures.ts';

const call = { url: 'http://127.0.0.1:11434', model: 'mistral' };
const nested = (error: unknown) => JSON.stringify({ error: JSON.stringify({ error }) });

describe('a reply that failed', () => {
  it.each([
    [404, `{"error":"model 'mistral' not found"}`, 'MODEL_MISSING', undefined],
    [404, '{"error":"model \\"mistral\\" not found, try pulling it first"}', 'MODEL_MISSING', undefined],
    [404, `{"error":"model 'memory' not found"}`, 'MODEL_MISSING', undefined],
    [404, 'page not found', 'MODEL_UNAVAILABLE', 'bad-reply'],
    [400, nested({ code: 400, message: 'x', type: 'exceed_context_size_error' }), 'MODEL_REFUSED', 'context-overflow'],
    [400, '{"error":"\\"mistral\\" does not support thinking"}', 'MODEL_REFUSED', 'no-thinking'],
    [400, '{"error":"\\"mistral\\" does not support tools"}', 'MODEL_REFUSED', 'no-tools'],
    [400, '', 'MODEL_REFUSED', 'refused'],
    [401, '{"error":"unauthorized"}', 'MODEL_REFUSED', 'refused'],
    [501, '{"error":"no embeddings"}', 'MODEL_REFUSED', 'refused'],
    [429, '{"error":"slow down"}', 'MODEL_UNAVAILABLE', 'busy'],
    [500, '{"error":"boom"}', 'MODEL_UNAVAILABLE', 'server-error'],
    [500, nested({ code: 500, message: 'failed to allocate buffer' }), 'MODEL_UNAVAILABLE', 'out-of-memory'],
    [500, '{"error":"cudaMalloc failed: out of memory"}', 'MODEL_UNAVAILABLE', 'out-of-memory'],
    [500, '{"error":{"message":"an object"}}', 'MODEL_UNAVAILABLE', 'server-error'],
    [502, '<html>bad gateway</html>', 'MODEL_UNAVAILABLE', 'server-error'],
    [503, '{"error":"server busy, please try again"}', 'MODEL_UNAVAILABLE', 'busy'],
    [500, 'null', 'MODEL_UNAVAILABLE', 'server-error'],
  ])('with %i %s is %s', (...[status, body, code, reason]) => {
    const failure = failureOfReply(status, body, call);
    expect(failure.code).toBe(code);
    expect(failure.details['reason']).toBe(reason);
  });

  it('names the command that gets a missing model', () => {
    const fix = 'talos models pull mistral';
    const failure = failureOfReply(404, '{"error":"not found"}', call);
    expect(failure.details).toEqual({ model: 'mistral', fix });
    expect(failure.message).toContain(fix);
  });

  it.each([
    [2048, 'it has 2048 tokens and no more, so set QWEN_CONTEXT_LENGTH=2048'],
    [8192, 'raise QWEN_CONTEXT_LENGTH'],
    [undefined, 'raise QWEN_CONTEXT_LENGTH'],
  ])('of a prompt too long for a window of %j says what mends it', (n_ctx, fix) => {
    const body = nested({ code: 400, message: 'x', type: 'exceed_context_size_error', n_ctx });
    expect(failureOfReply(400, body, { ...call, contextTokens: 8192 }).message).toContain(fix);
  });

  it('repeats a long text only in part', () => {
    expect(failureOfReply(500, 'x'.repeat(100_000), call).message.length).toBeLessThan(500);
  });
});

describe('a connection that failed', () => {
  const fetchFailure = (code: string) =>
    new TypeError('fetch failed', { cause: Object.assign(new Error('cause'), { code }) });

  it.each([
    ['ECONNREFUSED', 'MODEL_UNAVAILABLE'],
    ['ECONNRESET', 'MODEL_UNAVAILABLE'],
    ['ETIMEDOUT', 'MODEL_UNAVAILABLE'],
    ['ENOTFOUND', 'MODEL_UNAVAILABLE'],
    ['UND_ERR_CONNECT_TIMEOUT', 'MODEL_UNAVAILABLE'],
    ['UND_ERR_HEADERS_TIMEOUT', 'MODEL_TIMEOUT'],
  ])('by %s is %s', (code, expected) => {
    expect(failureOfTransport(fetchFailure(code), call)).toMatchObject({ code: expected });
  });

  it('keeps its cause and names it', () => {
    const thrown = fetchFailure('ECONNREFUSED');
    const failure = failureOfTransport(thrown, call);
    expect(failure.cause).toBe(thrown);
    expect(failure.message).toContain('ECONNREFUSED');
  });
});
