import type { Meter } from '../domain/cloud/meter.ts';
import type { NamedModel } from '../domain/cloud/models.ts';
import type { CloudClient, CloudEvent, CloudFinish, CloudRequest, OnCall } from '../domain/cloud/ports.ts';
import { TalosError } from '../domain/errors.ts';
import type { Allowance } from './cloud-allowance.ts';

/** One call: what is asked of whom, and what it may cost. `isShortened`: the budget left less room than the caller wanted. */
export type CloudCall = {
  readonly client: CloudClient;
  readonly models: readonly NamedModel[];
  readonly request: CloudRequest;
  readonly isShortened: boolean;
  readonly allowance: Allowance;
  readonly meter: Meter;
  readonly onCall: OnCall;
};

/** Streams the answer of the first model, or of the second when the first is over its quota before it said a word. */
export async function* answerOf(call: CloudCall, signal: AbortSignal): AsyncGenerator<CloudEvent, void> {
  const [first, second] = call.models;
  if (first === undefined) throw new TalosError('INTERNAL', 'A cloud without a model was asked.');
  await call.onCall(first.model);
  try {
    yield* spokenBy(first, call, signal);
  } catch (thrown) {
    if (second === undefined || call.meter.hasBegun() || !isOverQuota(thrown)) throw thrown;
    await call.onCall(second.model);
    yield* standIn(second, call, { signal, failure: thrown });
  }
}

/** Where the second model cannot be had either, it is the first one's failure that counts: once. */
async function* standIn(
  named: NamedModel,
  call: CloudCall,
  { signal, failure }: { signal: AbortSignal; failure: TalosError },
): AsyncGenerator<CloudEvent, void> {
  try {
    yield* spokenBy(named, call, signal);
  } catch (thrown) {
    if (call.meter.hasBegun() || !(thrown instanceof TalosError)) throw thrown;
    const isNoHelp = thrown.code === 'CLOUD_UNAVAILABLE' || thrown.details['reason'] === 'model';
    if (!isNoHelp) throw thrown;
    const { code, message, details } = failure;
    throw new TalosError(code, `${message} ${named.model} cannot stand in: ${thrown.message}`, { details });
  }
}

async function* spokenBy(named: NamedModel, call: CloudCall, signal: AbortSignal): AsyncGenerator<CloudEvent, void> {
  const { client, request, meter, allowance } = call;
  let hasStarted = false;
  let hasSpoken = false;
  const end = (reason: CloudFinish['reason'], isCutByBudget: boolean): CloudFinish => {
    if (!hasSpoken) throw emptyAnswer(named.model, isCutByBudget ? 'budget' : reason);
    return { type: 'finish', reason, ...meter.usage(), ...(isCutByBudget && { isCutByBudget }) };
  };
  for await (const piece of client.stream(named, request, signal)) {
    if (!hasStarted) yield { type: 'start', model: named.model };
    hasStarted = true;
    meter.note(piece);
    if (piece.type === 'end') {
      yield end(piece.reason, call.isShortened && piece.reason === 'length');
      return;
    }
    if (piece.type === 'text-delta' && piece.text.trim() !== '') hasSpoken = true;
    if (piece.type !== 'usage') yield piece;
    if (!(await allowance.covers(meter.least()))) {
      // What was said stays: the reader has it, and it is paid for.
      yield end('length', true);
      return;
    }
  }
}

/** An empty text is no answer. A model may think until there is no room left for a word. */
function emptyAnswer(model: string, reason: CloudFinish['reason'] | 'budget'): TalosError {
  const details = { reason: 'empty' };
  if (reason === 'budget') {
    const message = `The Gemini tokens of today were used up before ${model} said a word; wait for local midnight, or raise GEMINI_MAX_TOKENS_PER_DAY.`;
    return new TalosError('CLOUD_BUDGET_SPENT', message, { details });
  }
  const message =
    reason === 'length'
      ? `${model} used up its room before it answered; raise GEMINI_MAX_TOKENS.`
      : `${model} answered nothing; put it in other words, or ask locally.`;
  return new TalosError('CLOUD_REFUSED', message, { details });
}

function isOverQuota(thrown: unknown): thrown is TalosError {
  return thrown instanceof TalosError && thrown.details['reason'] === 'quota';
}
