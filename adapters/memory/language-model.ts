import { setImmediate as nextTick } from 'node:timers/promises';

import { TalosError } from '../../domain/errors.ts';
import { shortModelName, testModels } from '../../domain/models/choose.ts';
import { type InstalledModel, type ModelEvent, type ModelRequest, ToolCall } from '../../domain/models/model.ts';
import type { LanguageModel } from '../../domain/ports.ts';
import { callers, chooseScript, replyText, type ScriptName, scripts } from '../test-model/script.ts';

/** What the twin does in place of a model; everything has a default. */
type Options = {
  /** Names of the installed models. */
  readonly models?: readonly string[];
  /** Names of those that can see. */
  readonly seeing?: readonly string[];
  /** The pieces of the answer; by default those of the built-in test model. */
  readonly reply?: (request: ModelRequest) => Iterable<string>;
  /** Thrown after so many pieces of text, at every call or only the first `times`. */
  readonly failure?: { readonly error: TalosError; readonly afterPieces: number; readonly times?: number };
  /** Awaited before each piece, to hold an answer where a test wants it. */
  readonly beforePiece?: (index: number, signal: AbortSignal) => Promise<unknown>;
};

/** A model server in memory that recites the replies of the built-in test model. */
export function createMemoryLanguageModel(options: Options = {}): LanguageModel {
  const installed = (options.models ?? Object.values(testModels)).map(shortModelName);
  const seeing = (options.seeing ?? []).map(shortModelName);
  const resident = new Set<string>();
  let failuresLeft = options.failure?.times ?? Infinity;

  function requireInstalled(model: string): void {
    if (installed.includes(shortModelName(model))) return;
    throw new TalosError('MODEL_MISSING', `The model ${model} is not installed.`, { details: { model } });
  }

  function use(model: string): void {
    requireInstalled(model);
    resident.add(shortModelName(model));
  }

  async function* answer(request: ModelRequest, signal: AbortSignal): AsyncGenerator<ModelEvent, void> {
    const failing = failuresLeft > 0 ? options.failure : undefined;
    const pause = options.beforePiece ?? (() => nextTick());
    let pieces = 0;
    for (const event of limited(pieced(request, options.reply), request.maxOutputTokens)) {
      await pause(pieces, signal);
      signal.throwIfAborted();
      if (failing?.afterPieces === pieces) {
        failuresLeft -= 1;
        throw failing.error;
      }
      pieces += 1;
      yield event;
    }
  }

  return {
    async *chat(request, signal) {
      signal.throwIfAborted();
      use(request.model);
      yield* answer(request, signal);
    },
    installed: async () => installed.map(described),
    resident: async () => [...resident].map((name) => ({ name: described(name).name, sizeBytes: 1, vramBytes: 0 })),
    load: async (model) => use(model),
    unload: async (model) => void resident.delete(shortModelName(model)),
    async capabilities(model) {
      requireInstalled(model);
      const name = shortModelName(model);
      const embedding = name === testModels.embedding;
      return { vision: seeing.includes(name), tools: !embedding, thinking: name === testModels.thinking, embedding };
    },
    ping: async () => undefined,
  };
}

function described(name: string): InstalledModel {
  return { name: name.includes(':') ? name : `${name}:latest`, digest: name, sizeBytes: 1 };
}

/** The events of a whole answer without its `finish`. */
function* pieced(request: ModelRequest, reply: Options['reply']): Generator<ModelEvent, void> {
  const last = request.messages.at(-1) ?? { role: 'user', content: '' };
  const name = chooseScript(last, (request.tools?.length ?? 0) > 0);
  if (request.think && shortModelName(request.model) === testModels.thinking) {
    for (const text of scripts[name].thought) yield { type: 'reasoning-delta', text };
  }
  if (reply !== undefined) yield* texts(reply(request));
  else if (request.format !== undefined && name !== 'draft') yield* texts([JSON.stringify(exampleOf(request.format))]);
  else if (callers.includes(name)) yield { type: 'tool-call', call: callIn(replyText(name)) };
  else yield* texts(recite(name));
}

/** The call a reply writes, as a server reads it. */
function callIn(reply: string): ToolCall {
  const json: unknown = JSON.parse(reply.replaceAll(/<\/?tool_call>/g, ''));
  return ToolCall.parse({ id: 'call-1', ...nested(json) });
}

function* texts(pieces: Iterable<string>): Generator<ModelEvent, void> {
  for (const text of pieces) yield { type: 'text-delta', text };
}

function* recite(name: ScriptName): Generator<string, void> {
  const script = scripts[name];
  yield* script.reply;
  while ('endless' in script) yield* script.reply.slice(1);
}

/** Cuts an answer off after so many pieces and adds the `finish`. */
function* limited(events: Iterable<ModelEvent>, maxPieces: number): Generator<ModelEvent, void> {
  let outputTokens = 0;
  let reason: 'stop' | 'length' | 'tool-calls' = 'stop';
  for (const event of events) {
    if (outputTokens === maxPieces) {
      reason = 'length';
      break;
    }
    outputTokens += 1;
    if (event.type === 'tool-call') reason = 'tool-calls';
    yield event;
  }
  yield { type: 'finish', reason, promptTokens: 1, outputTokens };
}

/** The plainest value a JSON Schema allows; knows the keywords our own schemas use. */
function exampleOf(schema: Readonly<Record<string, unknown>>): unknown {
  if (Array.isArray(schema['enum'])) return schema['enum'][0];
  switch (schema['type']) {
    case 'object':
      return Object.fromEntries(
        Object.entries(nested(schema['properties'])).map(([key, value]) => [key, exampleOf(nested(value))]),
      );
    case 'array':
      return [exampleOf(nested(schema['items']))];
    case 'integer':
    case 'number':
      return schema['minimum'] ?? 0;
    case 'boolean':
      return false;
    default:
      return scripts.default.reply.join('');
  }
}

function nested(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
