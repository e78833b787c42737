import { type IncomingMessage, request } from 'node:http';

import { z } from 'zod';

import { isErrorCode, TalosError } from '../domain/errors.ts';

/** One call of the API of this home. */
export type ApiCall = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
};

/** The API as its owner reaches it: over the Unix socket, without a password. */
export type ApiSocket = {
  /** Resolves with the answer's head once it is no problem; else rejects with the problem as a TalosError. */
  call(call: ApiCall): Promise<IncomingMessage>;
  /** As `call`, with the body checked against a schema. */
  json<Schema extends z.ZodType>(call: ApiCall, schema: Schema): Promise<z.output<Schema>>;
};

/** A name as one part of a path. Fails with VALIDATION_FAILED for an empty one, which would make it the path of something else. */
export function pathPart(name: string): string {
  if (name.trim() !== '') return encodeURIComponent(name);
  throw new TalosError('VALIDATION_FAILED', 'A name is empty; the lists of `ls` show the names there are.');
}

/** Nothing the API sends in one piece comes near this. */
const maxBodyBytes = 16 * 1024 * 1024;

/** A problem as the API describes it (RFC 9457); what else it says is not needed here. */
const Problem = z.object({
  code: z.string().refine(isErrorCode),
  title: z.string().optional(),
  detail: z.string().optional(),
  fix: z.string().optional(),
});

/** Reaches the API behind a socket path. */
export function createApiSocket(socketPath: string): ApiSocket {
  const call = async (wanted: ApiCall): Promise<IncomingMessage> => {
    const response = await send(socketPath, wanted);
    if ((response.statusCode ?? 0) >= 400) throw toError(response.statusCode ?? 0, await readText(response));
    return response;
  };
  return {
    call,
    json: async (wanted, schema) => readJson(await call(wanted), schema),
  };
}

/** The body of an answer, checked against a schema. */
export async function readJson<Schema extends z.ZodType>(
  response: IncomingMessage,
  schema: Schema,
): Promise<z.output<Schema>> {
  const result = schema.safeParse(parseJson(await readText(response)));
  if (result.success) return result.data;
  throw new TalosError('INTERNAL', 'Talos gave an answer this command does not know; look at: ./talos doctor', {
    cause: result.error,
  });
}

/** What a failed connection means; also for the WebSocket. */
export function connectionError(cause: unknown): TalosError {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'ENOENT' || code === 'ECONNREFUSED') {
    const fix = './talos up';
    return new TalosError('NOT_RUNNING', `Talos is not running; start it with: ${fix}`, { cause, details: { fix } });
  }
  if (code === 'EACCES') {
    return new TalosError('UNAUTHENTICATED', 'Talos runs as another user; use the command as that user.', { cause });
  }
  const reason = cause instanceof Error ? cause.message : String(cause);
  const wasConnected = code === 'ECONNRESET' || code === 'EPIPE';
  return new TalosError('NOT_RUNNING', `The connection to Talos broke (${reason}); look at: ./talos status`, {
    cause,
    details: { wasConnected },
  });
}

function send(socketPath: string, { method, path, headers, body, signal }: ApiCall): Promise<IncomingMessage> {
  const payload = body === undefined ? undefined : JSON.stringify(body);
  const content = payload === undefined ? {} : { 'content-type': 'application/json' };
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { socketPath, method, path, headers: { host: 'localhost', ...content, ...headers }, ...(signal && { signal }) },
      resolve,
    );
    outgoing.once('error', (error) => reject(connectionError(error)));
    outgoing.end(payload);
  });
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response) {
      const bytes = Buffer.from(chunk);
      size += bytes.length;
      if (size > maxBodyBytes) throw new TalosError('INTERNAL', 'The answer of Talos is too large to be right.');
      chunks.push(bytes);
    }
  } catch (error) {
    throw error instanceof TalosError ? error : connectionError(error);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function toError(status: number, text: string): TalosError {
  const problem = Problem.safeParse(parseJson(text));
  if (!problem.success || !isErrorCode(problem.data.code)) {
    return new TalosError('INTERNAL', `Talos answered with status ${status} and no reason; look at: ./talos logs`);
  }
  const { code, title, detail, fix } = problem.data;
  return new TalosError(code, detail ?? title ?? code, { details: fix === undefined ? {} : { fix } });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // the schema then says that it is not as it should be
  }
}
