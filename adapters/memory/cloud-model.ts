import { setImmediate as nextTick } from 'node:timers/promises';

import type { CloudEvent, CloudModel, CloudRequest, CloudState } from '../../domain/cloud/ports.ts';
import { TalosError } from '../../domain/errors.ts';
import { estimateTokens } from '../../domain/prompt/tokens.ts';

/** What the twin does in place of a cloud; without options it is not configured. */
type Options = {
  /** The model that answers; with it the cloud is configured. */
  readonly model?: string;
  /** The model that answers in its place, as when it is over its quota. */
  readonly standIn?: string;
  readonly state?: () => CloudState;
  /** The pieces of the answer. */
  readonly reply?: (request: CloudRequest) => Iterable<string>;
  /** Whether the budget of today cuts the answer off behind its last piece. */
  readonly isCutByBudget?: true;
  /** Thrown before anything is sent. */
  readonly refusal?: TalosError;
  /** Thrown after so many pieces of text, at every call or only the first `times`. */
  readonly failure?: { readonly error: TalosError; readonly afterPieces: number; readonly times?: number };
  /** Awaited before each piece, to hold an answer where a test wants it. */
  readonly beforePiece?: (index: number, signal: AbortSignal) => Promise<unknown>;
};

/** A cloud in memory that shows what was sent to it. */
export type MemoryCloudModel = CloudModel & { requests(): readonly CloudRequest[] };

/** A cloud model that recites. */
export function createMemoryCloudModel(options: Options = {}): MemoryCloudModel {
  const { model, reply = () => ['Hello ', 'from ', 'the ', 'cloud.'], beforePiece = () => nextTick() } = options;
  const requests: CloudRequest[] = [];
  let failuresLeft = options.failure?.times ?? Infinity;

  async function* answer(request: CloudRequest, signal: AbortSignal): AsyncGenerator<CloudEvent, void> {
    const failing = failuresLeft > 0 ? options.failure : undefined;
    const texts = [...reply(request)];
    for (const [index, text] of [...texts, undefined].entries()) {
      await beforePiece(index, signal);
      signal.throwIfAborted();
      if (failing?.afterPieces === index) {
        failuresLeft -= 1;
        throw failing.error;
      }
      if (text !== undefined) yield { type: 'text-delta', text };
    }
    const cost = { promptTokens: promptTokens(request), outputTokens: texts.length };
    const { isCutByBudget } = options;
    yield isCutByBudget
      ? { type: 'finish', reason: 'length', ...cost, isCutByBudget }
      : { type: 'finish', reason: 'stop', ...cost };
  }

  return {
    host: 'cloud.test',
    state: async () => options.state?.() ?? stateOf(model),
    async *chat(request, signal, onCall) {
      signal.throwIfAborted();
      if (model === undefined) throw new TalosError('CLOUD_NOT_CONFIGURED', 'No cloud model is set up.');
      if (options.refusal !== undefined) throw options.refusal;
      await onCall(model);
      requests.push(request);
      const { standIn } = options;
      if (standIn !== undefined) await onCall(standIn);
      yield { type: 'start', model: standIn ?? model };
      yield* answer(request, signal);
    },
    requests: () => [...requests],
  };
}

function stateOf(model: string | undefined): CloudState {
  return model === undefined
    ? { kind: 'not-configured' }
    : { kind: 'ready', model, tokensUsed: 0, tokensLeft: 50_000, notes: [] };
}

function promptTokens({ messages }: CloudRequest): number {
  return messages.reduce((sum, { content }) => sum + estimateTokens(content), 0);
}
