import { createOpenai } from '../../../adapters/openai.ts';
import type { SilenceLimits } from '../../../adapters/ollama-silence.ts';
import type { ModelEvent, ModelRequest } from '../../../domain/models/model.ts';
import { saying, textOf } from '../../contract/language-model-suite.ts';
import { type Handler, send, startFakeServer } from '../ollama/fake-server.ts';

export const signal = AbortSignal.timeout(50_000);
export const patient = { firstTokenMs: 20_000, betweenTokensMs: 20_000 };
export const hasty = { firstTokenMs: 150, betweenTokensMs: 150 };
export const listed = JSON.stringify({ object: 'list', data: [{ id: 'talos-test' }] });

export type Talk = Partial<ModelRequest> & { silence?: SilenceLimits; key?: string };

/** Talks once to a server that lists one model and answers as `handler` does; gives the events until the end and the failure, if any. */
export async function talk(handler: Handler, { silence = patient, key, ...overrides }: Talk = {}) {
  await using server = await startFakeServer((response, request) =>
    request.path === '/v1/models' ? replying(200, listed)(response, request) : handler(response, request),
  );
  const events: ModelEvent[] = [];
  const ask = async () => {
    const model = createOpenai({ url: `${server.url}/v1`, silence, ...(key !== undefined && { key }) });
    for await (const event of model.chat(saying('hi', overrides), signal)) events.push(event);
  };
  const failure = await ask().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return { events, text: textOf(events), paths: server.paths, failure };
}

export function event(delta: unknown, rest: Record<string, unknown> = {}): string {
  return `data: ${JSON.stringify({ id: 'x', object: 'chat.completion.chunk', choices: [{ index: 0, delta, ...rest }] })}\n\n`;
}

export const usage = `data: ${JSON.stringify({ choices: [], usage: { prompt_tokens: 3, completion_tokens: 2 } })}\n\n`;
export const ending = `${event({}, { finish_reason: 'stop' })}${usage}data: [DONE]\n\n`;

export function replying(status: number, body: string): Handler {
  return (response) => void response.writeHead(status, { 'content-type': 'application/json' }).end(body);
}

export function streaming(...parts: (string | Uint8Array)[]): Handler {
  return async (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const part of parts) await send(response, part);
    response.end();
  };
}

export function refusal(message: string, rest: Record<string, unknown> = {}): string {
  return JSON.stringify({ error: { message, ...rest } });
}
