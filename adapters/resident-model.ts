import { TalosError } from '../domain/errors.ts';
import type { GpuReport } from '../domain/gpu/report.ts';
import { holderOf, modelOf, type Residency } from '../domain/gpu/residency.ts';
import { shortModelName } from '../domain/models/choose.ts';
import type { ModelEvent, ModelRequest } from '../domain/models/model.ts';
import type { LanguageModel } from '../domain/ports.ts';
import { guardAnswer } from './guarded-answer.ts';
import { createGpuKeeper, type GpuKeeper, type KeeperOptions } from './gpu-keeper.ts';

type Options = Omit<KeeperOptions, 'onChange'> & {
  /** The work that asks, by its id. */
  readonly holder: () => string;
  /** Hears every change of what the GPU does. */
  readonly publish?: (report: GpuReport) => void;
  /** Longest time for one whole answer, from its first piece on. */
  readonly answerMs?: number;
};

/** Less than a step may take, so that the reader is told why it ended. */
const longestAnswerMs = 20 * 60_000;

/**
 * A model server of which one chat model at a time has the memory of the GPU. The wanted one is made the resident one before it is
 * asked; where it cannot be loaded, it is asked once without the GPU and the answer says so. For one caller at a time: the queue sees to
 * that.
 */
export function createResidentModel({ holder, publish, answerMs = longestAnswerMs, ...rest }: Options): LanguageModel {
  const { model, now } = rest;
  const keeper = createGpuKeeper({
    ...rest,
    onChange: (state) => publish?.(reportOf(state, now())),
  });
  return {
    ...model,
    async *chat(request, signal) {
      signal.throwIfAborted();
      const guarded = (asked: ModelRequest) => guardAnswer(model.chat(asked, signal), asked, { answerMs, now });
      yield* answer(keeper, { request, holder: holder(), signal, chat: guarded });
    },
  };
}

/** What the machine shows of a state. */
export function reportOf(state: Residency, since: number): GpuReport {
  const [name, holder] = [modelOf(state), holderOf(state)];
  return {
    state: state.state,
    ...(name !== undefined && { model: name }),
    ...(holder !== undefined && { holder }),
    since,
    ...(state.state === 'error' && { reason: state.mishap }),
  };
}

type Asking = {
  readonly request: ModelRequest;
  readonly holder: string;
  readonly signal: AbortSignal;
  readonly chat: (request: ModelRequest) => AsyncIterable<ModelEvent>;
};

async function* answer(keeper: GpuKeeper, asking: Asking): AsyncGenerator<ModelEvent, void> {
  const { request, holder, signal, chat } = asking;
  const kind = request.messages.some((message) => message.role === 'user' && message.images) ? 'vision' : 'coder';
  const name = shortModelName(request.model);
  const place = await keeper.take({ model: name, kind, holder }, request.contextTokens, signal);
  const why = place.kind === 'cpu' ? place.why : yield* onGpu(keeper, asking, name);
  if (why !== undefined) yield* withoutGpu(chat, request, why);
}

/** Returns why the processor has to do it, if so: what loads may find that it has no room at its first use. */
async function* onGpu(
  keeper: GpuKeeper,
  { request, signal, chat }: Asking,
  name: string,
): AsyncGenerator<ModelEvent, string | undefined> {
  let hasBegun = false;
  let isKnown = true;
  try {
    for await (const event of chat(request)) {
      hasBegun = true;
      yield event;
    }
    return undefined;
  } catch (thrown) {
    if (!signal.aborted && !hasBegun && isShortOfMemory(thrown)) {
      await keeper.giveUp(name, thrown.message);
      return thrown.message;
    }
    isKnown = signal.aborted;
    throw thrown;
  } finally {
    keeper.release(isKnown);
  }
}

/** The answer of a model that runs on the processor, with a notice. What fails before it begins is not tried again. */
async function* withoutGpu(chat: Asking['chat'], request: ModelRequest, why: string): AsyncGenerator<ModelEvent, void> {
  let hasBegun = false;
  try {
    for await (const event of chat({ ...request, onCpu: true })) {
      hasBegun = true;
      yield event.type === 'finish' ? { ...event, notice: noticeOf(request.model, why) } : event;
    }
  } catch (thrown) {
    throw hasBegun ? thrown : asFinal(thrown);
  }
}

function noticeOf(model: string, why: string): string {
  return `The GPU could not take ${model}, so it answered on the processor, which is slower. ${why}`;
}

function isShortOfMemory(thrown: unknown): thrown is TalosError {
  return thrown instanceof TalosError && thrown.details['reason'] === 'out-of-memory';
}

/** An engine that is away comes back; one that fails on both places does so for good. */
function asFinal(thrown: unknown): unknown {
  if (!(thrown instanceof TalosError) || thrown.details['reason'] === 'unreachable') return thrown;
  const { code, message, cause, details } = thrown;
  return new TalosError(code, message, { cause, details: { ...details, final: true } });
}
