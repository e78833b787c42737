import { ActivityFailure, ApplicationFailure, TimeoutFailure, TimeoutType } from '@temporalio/common';

import { longestRetryMs } from '../domain/cloud/limits.ts';
import { isErrorCode, TalosError, toTalosError } from '../domain/errors.ts';

/**
 * Turns whatever an activity threw into what Temporal retries by: the code becomes the type, the catalogue decides about retries, and
 * `details.retryAfterMs` is when the next attempt comes.
 */
export function toApplicationFailure(thrown: unknown): ApplicationFailure {
  const error = toTalosError(thrown);
  return ApplicationFailure.create({
    type: error.code,
    message: inShort(error.message),
    nonRetryable: !error.retryable || error.details['final'] === true,
    details: [error.details],
    ...nextRetry(error),
    ...(error.cause instanceof Error && { cause: asSent(error.cause) }),
  });
}

/** Words of one failure, and how far back its causes are told; all of it has to fit into one message to the server. */
const longestWords = 10_000;
const mostCauses = 10;

/**
 * A failure with half a character in it, as where a text was cut, or with megabytes of words cannot be sent to the server: the worker that
 * tries ends, or tries for ever.
 */
function asSent(error: Error, place = 1): Error {
  const { name, message, stack = '', cause: inner } = error;
  const cause = inner instanceof Error ? asCause(inner, place + 1) : inner;
  if (cause === inner && message === inShort(message) && stack === inShort(stack)) return error;
  return Object.assign(new Error(inShort(message), { cause }), { name, stack: inShort(stack) });
}

function asCause(error: Error, place: number): Error | undefined {
  return place > mostCauses ? undefined : asSent(error, place);
}

function inShort(text: string): string {
  return (text.length > longestWords ? `${text.slice(0, longestWords)} ...` : text).toWellFormed();
}

/** Nobody waits longer than the longest retry, whatever another server asks for. */
function nextRetry({ details: { retryAfterMs } }: TalosError): { nextRetryDelay?: number } {
  if (typeof retryAfterMs !== 'number' || !(retryAfterMs > 0)) return {};
  return { nextRetryDelay: Math.min(Math.ceil(retryAfterMs), longestRetryMs) };
}

/** Reads back what an activity failed with. Timeouts become the code that tells the user which wait was too long. */
export function fromActivityFailure(thrown: unknown): TalosError {
  // A local activity fails with its cause itself, any other with an ActivityFailure around it.
  const cause = thrown instanceof ActivityFailure ? thrown.cause : thrown;
  const step = thrown instanceof ActivityFailure ? thrown.activityType : undefined;
  if (cause instanceof TimeoutFailure) return timeoutOf(step)(cause);
  if (cause instanceof ApplicationFailure && isErrorCode(cause.type)) {
    return new TalosError(cause.type, cause.message, { details: reasonOf(cause) });
  }
  return new TalosError('INTERNAL', 'A step of this work failed; the log has the cause.', { cause });
}

function timeoutOf(step: string | undefined): (failure: TimeoutFailure) => TalosError {
  if (step === 'runSkill') return fromSkillTimeout;
  if (step === 'pullModel') return fromPullTimeout;
  return step === 'generateCloudReply' ? fromCloudTimeout : fromTimeout;
}

/** Why, in the word of the adapter; other details stay in the history. */
function reasonOf({ details }: ApplicationFailure): { reason?: string } {
  const first: unknown = details?.[0];
  if (typeof first !== 'object' || first === null || !('reason' in first)) return {};
  return typeof first.reason === 'string' ? { reason: first.reason } : {};
}

function fromCloudTimeout(): TalosError {
  return new TalosError('CLOUD_UNAVAILABLE', 'Gemini did not answer in time; send the message again.');
}

function fromTimeout(failure: TimeoutFailure): TalosError {
  if (failure.timeoutType === TimeoutType.SCHEDULE_TO_START) {
    return new TalosError('GPU_BUSY', 'No worker took the message in time; check `talos status`, then send it again.');
  }
  return new TalosError(
    'MODEL_TIMEOUT',
    'The step did not answer in time; check `talos doctor`, then send the message again.',
  );
}

/** What the last attempt failed with is the reason. */
function fromPullTimeout({ cause }: TimeoutFailure): TalosError {
  const why = cause instanceof ApplicationFailure ? `: ${cause.message}` : '';
  return new TalosError('PULL_FAILED', `The model did not come within days${why}`);
}

function fromSkillTimeout(failure: TimeoutFailure): TalosError {
  if (failure.timeoutType === TimeoutType.SCHEDULE_TO_START) {
    return new TalosError(
      'SANDBOX_UNAVAILABLE',
      'No worker with a sandbox took the run in time; `talos doctor` says what is missing.',
    );
  }
  return new TalosError('SANDBOX_FAILED', 'The sandbox did not answer in time; check `talos doctor`, then try again.');
}
