import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** What the fake does with one request. */
export type FakeAnswer =
  | {
      readonly kind: 'text';
      readonly pieces: readonly string[];
      readonly thoughts?: readonly string[];
      readonly finish?: string;
      readonly usage?: Usage;
      readonly pauseMs?: number;
    }
  /** A failing status with an error body as Google writes it. */
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly reason?: string;
      readonly message?: string;
      /** RetryInfo in the body, such as `7s`. */
      readonly retryDelay?: string;
      /** The header. */
      readonly retryAfter?: string;
      /** Sent as it is in place of Google's body. */
      readonly body?: string;
    }
  /** Says nothing more after so many pieces; without them not even the headers are sent. */
  | { readonly kind: 'hang'; readonly afterPieces?: number }
  /** Ends the connection after so many pieces. */
  | { readonly kind: 'cut'; readonly afterPieces: number }
  | {
      readonly kind: 'block';
      readonly where: 'prompt' | 'answer';
      readonly reason: string;
      readonly category?: string;
      readonly pieces?: readonly string[];
    }
  /** An error in the middle of a stream that began well. */
  | { readonly kind: 'late-error'; readonly status: number; readonly pieces?: readonly string[] }
  /** A stream of just these bytes, in base64 or as text. */
  | { readonly kind: 'raw'; readonly text?: string; readonly base64?: string };

export type Usage = { readonly prompt: number; readonly output: number; readonly thoughts?: number };

/** One event of a stream. */
export function sse(body: unknown): string {
  return `data: ${JSON.stringify(body)}\r\n\r\n`;
}

/** One piece of an answer as Gemini writes it. */
export function chunk(
  text: string,
  { usage, finish, thought = false }: { usage?: Usage; finish?: string; thought?: boolean } = {},
): unknown {
  const parts = text === '' ? [] : [{ text, ...(thought && { thought }) }];
  return {
    candidates: [
      { content: { role: 'model', parts }, index: 0, ...(finish !== undefined && { finishReason: finish }) },
    ],
    ...(usage !== undefined && { usageMetadata: usageMetadata(usage) }),
    modelVersion: 'fake',
  };
}

function usageMetadata({ prompt, output, thoughts = 0 }: Usage): unknown {
  return {
    promptTokenCount: prompt,
    candidatesTokenCount: output,
    ...(thoughts > 0 && { thoughtsTokenCount: thoughts }),
    totalTokenCount: prompt + output + thoughts,
  };
}

/** The error body of Google's interfaces. */
export function googleError(
  status: number,
  { reason, message, retryDelay }: { reason?: string; message?: string; retryDelay?: string },
): string {
  const details = [
    ...(reason === undefined
      ? []
      : [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason, domain: 'googleapis.com' }]),
    ...(retryDelay === undefined ? [] : [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay }]),
  ];
  return JSON.stringify({
    error: { code: status, message: message ?? `status ${status}`, status: names[status] ?? 'UNKNOWN', details },
  });
}

const names: Record<number, string> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  429: 'RESOURCE_EXHAUSTED',
  500: 'INTERNAL',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};

/** Plays one answer. */
export async function play(response: ServerResponse, answer: FakeAnswer): Promise<void> {
  switch (answer.kind) {
    case 'text':
      return playText(response, answer);
    case 'status':
      return playStatus(response, answer);
    case 'hang':
      if (answer.afterPieces !== undefined)
        await pieces(begin(response), 'and on '.repeat(answer.afterPieces).match(/\S+ /g) ?? []);
      return;
    case 'cut':
      await pieces(
        begin(response),
        Array.from({ length: answer.afterPieces }, () => 'and on '),
      );
      response.destroy();
      return;
    case 'block':
      return playBlock(response, answer);
    case 'late-error':
      await pieces(begin(response), answer.pieces ?? ['Well, ']);
      response.end(sse(JSON.parse(googleError(answer.status, {}))));
      return;
    case 'raw':
      begin(response).end(answer.base64 === undefined ? answer.text : Buffer.from(answer.base64, 'base64'));
  }
}

function begin(response: ServerResponse): ServerResponse {
  return response.writeHead(200, { 'content-type': 'text/event-stream' });
}

async function pieces(response: ServerResponse, texts: readonly string[]): Promise<void> {
  for (const text of texts) await send(response, sse(chunk(text)));
}

function send(response: ServerResponse, bytes: string): Promise<void> {
  return new Promise((resolve) => {
    response.write(bytes, () => resolve());
  });
}

async function playText(response: ServerResponse, answer: Extract<FakeAnswer, { kind: 'text' }>): Promise<void> {
  begin(response);
  const { thoughts = [], usage = { prompt: 10, output: answer.pieces.length, thoughts: thoughts.length } } = answer;
  for (const text of thoughts) await send(response, sse(chunk(text, { thought: true })));
  for (const [index, text] of answer.pieces.entries()) {
    if (response.destroyed) return;
    if (answer.pauseMs !== undefined) await sleep(answer.pauseMs);
    const soFar = answer.usage ?? { ...usage, output: index + 1 };
    await send(response, sse(chunk(text, { usage: soFar })));
  }
  response.end(sse(chunk('', { finish: answer.finish ?? 'STOP', usage })));
}

function playStatus(response: ServerResponse, answer: Extract<FakeAnswer, { kind: 'status' }>): void {
  const headers = {
    'content-type': answer.body === undefined ? 'application/json; charset=UTF-8' : 'text/html',
    ...(answer.retryAfter !== undefined && { 'retry-after': answer.retryAfter }),
  };
  response.writeHead(answer.status, headers).end(answer.body ?? googleError(answer.status, answer));
}

async function playBlock(response: ServerResponse, answer: Extract<FakeAnswer, { kind: 'block' }>): Promise<void> {
  begin(response);
  const { reason, category = 'HARM_CATEGORY_DANGEROUS_CONTENT' } = answer;
  const safetyRatings = [{ category, probability: 'HIGH', blocked: true }];
  if (answer.where === 'prompt') {
    response.end(
      sse({
        promptFeedback: { blockReason: reason, safetyRatings },
        usageMetadata: { promptTokenCount: 7, totalTokenCount: 7 },
      }),
    );
    return;
  }
  await pieces(response, answer.pieces ?? ['This is how ']);
  response.end(
    sse({
      candidates: [{ finishReason: reason, index: 0, safetyRatings }],
      usageMetadata: { promptTokenCount: 7, candidatesTokenCount: 3, totalTokenCount: 10 },
    }),
  );
}
