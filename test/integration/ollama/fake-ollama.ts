import { chatLine, type Handler, lastLine, startFakeServer } from './fake-server.ts';

/** A body of a request, as far as tests look at it. */
export type Asked = {
  readonly path: string;
  readonly model?: string;
  readonly stream?: boolean;
  readonly keep_alive?: number | string;
  readonly options?: Record<string, unknown>;
  readonly messages?: readonly { role: string; content: string; images?: readonly string[] }[];
  readonly tools?: unknown;
};

/** What a test changes: a handler by path, asked before the usual one; undefined leaves it to that. */
type Behaviour = (asked: Asked) => Handler | undefined;

type Options = {
  /** Installed models, each with what it can do. */
  readonly models: Readonly<Record<string, readonly string[]>>;
  readonly behaviour?: Behaviour;
};

/** An Ollama of a few lines that keeps track of what it has loaded; `behaviour` makes it misbehave. */
export async function startFakeOllama({ models, behaviour = () => undefined }: Options) {
  const asked: Asked[] = [];
  const loaded = new Set<string>();
  const installed = new Map(Object.entries(models));

  const usual: Record<string, (asked: Asked) => Handler> = {
    '/api/tags': () => json({ models: [...installed.keys()].map((name) => ({ name, digest: name, size: 1 })) }),
    '/api/ps': () => json({ models: [...loaded].map((name) => ({ name, size: 1, size_vram: 1 })) }),
    '/api/show': ({ model = '' }) => json({ capabilities: installed.get(tagged(model)) }),
    '/api/generate': ({ model = '', keep_alive }) => {
      if (keep_alive === 0) loaded.delete(tagged(model));
      else loaded.add(tagged(model));
      return json({ done: true });
    },
    '/api/chat': ({ model = '' }) => {
      loaded.add(tagged(model));
      return (response) => void response.end(chatLine('Hello ') + chatLine(`from ${model}`) + lastLine);
    },
  };

  const server = await startFakeServer((response, request) => {
    const body: Omit<Asked, 'path'> = request.body === '' ? {} : JSON.parse(request.body);
    const seen = { path: request.path, ...body };
    asked.push(seen);
    const isKnown = seen.model === undefined || installed.has(tagged(seen.model));
    const handler = behaviour(seen) ?? (isKnown ? usual[seen.path]?.(seen) : missing(seen.model));
    return handler?.(response, request);
  });
  return {
    url: server.url,
    asked,
    loaded,
    installed,
    /** What was asked of models, as `load x`, `unload x`, `chat x`, `chat x on the processor`. */
    steps: () => asked.map(step).filter((told) => told !== undefined),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

function json(value: unknown): Handler {
  return (response) => void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

function missing(model = ''): Handler {
  return (response) => void response.writeHead(404).end(JSON.stringify({ error: `model '${model}' not found` }));
}

function tagged(model: string): string {
  return model.includes(':') ? model : `${model}:latest`;
}

function step({ path, model, keep_alive, options }: Asked): string | undefined {
  const place = options?.['num_gpu'] === 0 ? ' on the processor' : '';
  if (path === '/api/generate') return `${keep_alive === 0 ? 'unload' : 'load'} ${model}${place}`;
  return path === '/api/chat' ? `chat ${model}${place}` : undefined;
}
