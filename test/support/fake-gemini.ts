import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

import { createMemoryLanguageModel } from '../../adapters/memory/language-model.ts';
import type { ModelEvent, ModelMessage, ModelRequest } from '../../domain/models/model.ts';
import { estimateTokens } from '../../domain/prompt/tokens.ts';
import { chunk, type FakeAnswer, play, sse } from './fake-gemini-answers.ts';

export type { FakeAnswer } from './fake-gemini-answers.ts';

/** A request as the fake saw it. */
export type FakeRequest = {
  readonly method: string;
  readonly path: string;
  readonly model: string;
  /** What came as `x-goog-api-key`. */
  readonly key: string;
  readonly body: string;
  /** Whether the caller hung up before the answer was whole. */
  wasLeft: boolean;
};

export type FakeGeminiOptions = {
  readonly port?: number;
  /** Without it every key is right. */
  readonly key?: string;
  /** The models that exist; without it every model does. */
  readonly models?: readonly string[];
};

/** A Gemini of a test. Without scripted answers it says what the built-in test model would. */
export type FakeGemini = AsyncDisposable & {
  /** For GEMINI_BASE_URL. */
  readonly url: string;
  readonly requests: readonly FakeRequest[];
  /** The next answers, one each, to any model or only to requests for one. */
  script(answers: readonly FakeAnswer[], model?: string): void;
  /** From now on every answer that is not scripted; undefined brings the test model back. */
  always(answer: FakeAnswer | undefined): void;
  /** Forgets requests and scripts. */
  reset(): void;
};

type Script = { readonly answer: FakeAnswer; readonly model: string | undefined };

/**
 * Starts a fake of Gemini's HTTP interface on a loopback port. From another process it is told what to do by `POST /fake/script`
 * (JSON: `{answers, model?}`), `POST /fake/always` (an answer or null) and `POST /fake/reset`; `GET /fake/requests` tells what came.
 */
export async function startFakeGemini(options: FakeGeminiOptions = {}): Promise<FakeGemini> {
  const requests: FakeRequest[] = [];
  const scripts: Script[] = [];
  let standing: FakeAnswer | undefined;
  const controls = {
    script(answers: readonly FakeAnswer[], model?: string) {
      scripts.push(...answers.map((answer) => ({ answer, model })));
    },
    always(answer: FakeAnswer | undefined) {
      standing = answer;
    },
    reset() {
      requests.length = 0;
      scripts.length = 0;
      standing = undefined;
    },
  };

  function nextAnswer(model: string): FakeAnswer | undefined {
    const index = scripts.findIndex((script) => script.model === undefined || script.model === model);
    return index === -1 ? standing : scripts.splice(index, 1)[0]?.answer;
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', 'http://fake').pathname;
    const body = await readBody(request);
    if (path.startsWith('/fake/')) return control(response, { path, body, controls, requests });
    const model = /\/models\/([^:/]+)/.exec(path)?.[1] ?? '';
    const seen = {
      method: request.method ?? '',
      path,
      model,
      key: String(request.headers['x-goog-api-key'] ?? ''),
      body,
      wasLeft: false,
    };
    requests.push(seen);
    response.on('close', () => {
      seen.wasLeft = !response.writableFinished;
    });
    const refusal = refuse(options, seen);
    if (refusal !== undefined) return play(response, refusal);
    const answer = nextAnswer(model);
    if (answer !== undefined) return play(response, answer);
    if (seen.method === 'GET') return sendJson(response, describe(model));
    return recite(response, seen);
  }

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
  });
  await new Promise<void>((resolve) => {
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    ...controls,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

type Controls = Pick<FakeGemini, 'script' | 'always' | 'reset'>;

function control(
  response: ServerResponse,
  {
    path,
    body,
    controls,
    requests,
  }: { path: string; body: string; controls: Controls; requests: readonly FakeRequest[] },
): void {
  if (path === '/fake/requests') return sendJson(response, requests);
  if (path === '/fake/script') {
    const { answers, model } = JSON.parse(body) as { answers: FakeAnswer[]; model?: string };
    controls.script(answers, model);
  } else if (path === '/fake/always') controls.always((JSON.parse(body) as FakeAnswer | null) ?? undefined);
  else if (path === '/fake/reset') controls.reset();
  else return void response.writeHead(404).end();
  return sendJson(response, {});
}

function refuse({ key, models }: FakeGeminiOptions, request: FakeRequest): FakeAnswer | undefined {
  if (key !== undefined && request.key !== key) {
    return {
      kind: 'status',
      status: 400,
      reason: 'API_KEY_INVALID',
      message: `API key not valid: ${request.key}. Please pass a valid API key.`,
    };
  }
  if (models !== undefined && !models.includes(request.model)) {
    const message = `models/${request.model} is not found for API version v1, or is not supported.`;
    return { kind: 'status', status: 404, message };
  }
  return undefined;
}

function describe(model: string): unknown {
  return { name: `models/${model}`, displayName: model, supportedGenerationMethods: ['generateContent'] };
}

function sendJson(response: ServerResponse, body: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

type GeminiBody = {
  contents: { role: string; parts: { text?: string }[] }[];
  generationConfig?: {
    maxOutputTokens?: number;
    responseJsonSchema?: Record<string, unknown>;
    thinkingConfig?: { includeThoughts?: boolean };
  };
};

/** Answers as the built-in test model does. */
async function recite(response: ServerResponse, { body }: FakeRequest): Promise<void> {
  const request = toModelRequest(JSON.parse(body) as GeminiBody);
  const prompt = request.messages.reduce((sum, { content }) => sum + estimateTokens(content), 1);
  const left = new AbortController();
  response.on('close', () => left.abort());
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  let output = 0;
  for await (const event of createMemoryLanguageModel().chat(request, left.signal)) {
    output += 1;
    await new Promise((resolve) => {
      response.write(sse(toChunk(event, { prompt, output })), resolve);
    });
  }
  response.end();
}

function toModelRequest({ contents, generationConfig = {} }: GeminiBody): ModelRequest {
  const messages = contents.map(({ role, parts }): ModelMessage => {
    const content = parts.map(({ text = '' }) => text).join('');
    return { role: role === 'model' ? 'assistant' : 'user', content };
  });
  const { maxOutputTokens = 8192, responseJsonSchema, thinkingConfig } = generationConfig;
  const think = thinkingConfig?.includeThoughts === true;
  return {
    model: think ? 'talos-test-think' : 'talos-test',
    messages,
    contextTokens: 1_000_000,
    maxOutputTokens,
    temperature: 0,
    think,
    ...(responseJsonSchema !== undefined && { format: responseJsonSchema }),
  };
}

function toChunk(event: ModelEvent, usage: { prompt: number; output: number }): unknown {
  switch (event.type) {
    case 'text-delta':
      return chunk(event.text, { usage });
    case 'reasoning-delta':
      return chunk(event.text, { usage, thought: true });
    case 'tool-call':
      return chunk('');
    case 'finish':
      return chunk('', { usage, finish: event.reason === 'length' ? 'MAX_TOKENS' : 'STOP' });
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const piece of request) chunks.push(Buffer.from(piece as Uint8Array));
  return Buffer.concat(chunks).toString();
}
