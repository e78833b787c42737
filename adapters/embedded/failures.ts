import { TalosError } from '../../domain/errors.ts';
import type { ChildFailure } from './protocol.ts';

/** The file that is asked, and the setting that names it. */
export type EmbeddedCall = { readonly model: string; readonly file: string; readonly setting: string };

/** The error for what a child says it could not do. */
export function failureOfChild(failure: ChildFailure, text: string, call: EmbeddedCall): TalosError {
  const { model, file, setting } = call;
  switch (failure) {
    case 'context-overflow':
      return refused('context-overflow', `The prompt is longer than the context window of ${model}; ${text}.`);
    case 'not-a-model':
      return missing(call, `${file} cannot be loaded (${text}): it is damaged, or of a kind that is not known`);
    case 'refused':
      return refused('refused', `${model} cannot be asked that: ${text}. ${setting} may name another file.`);
    case 'no-memory':
      return unavailable(
        'out-of-memory',
        `There is not enough memory for ${model} (${text}); end other programs, or choose a smaller model or context.`,
      );
    case 'broken':
    case 'aborted':
      return unavailable('server-error', `${model} failed inside Talos: ${text}`);
  }
}

/** The error for a file that is no model. */
export function missing({ model, setting }: EmbeddedCall, what: string): TalosError {
  const fix = `set ${setting} to the GGUF file of a model`;
  return new TalosError('MODEL_MISSING', `${what}; ${fix}.`, { details: { model, fix } });
}

/** The error for a process that ended while it was asked. */
export function died({ model }: EmbeddedCall, how: string): TalosError {
  const message = `The process that runs ${model} ended (${how}); the next message starts it anew.`;
  return unavailable('cut-off', message);
}

/** The error for a process that says nothing. It has been ended. */
export function silent({ model }: EmbeddedCall): TalosError {
  const message = `${model} kept silent for too long; try again, or choose a smaller model or context.`;
  return new TalosError('MODEL_TIMEOUT', message, { details: { reason: 'silent' } });
}

/** The error for a process that does not keep to the protocol. It has been ended. */
export function unreadable({ model }: EmbeddedCall, what: string): TalosError {
  return unavailable(
    'bad-reply',
    `The process that runs ${model} answered with ${what}; the next message starts it anew.`,
  );
}

/** The error while the library is not there. */
export function notFetched(program: string): TalosError {
  const message = `The library that runs models inside Talos has not been fetched yet (${program}); \`talos up\` fetches it and says how far it is.`;
  return unavailable('unreachable', message);
}

function refused(reason: string, message: string): TalosError {
  return new TalosError('MODEL_REFUSED', message, { details: { reason } });
}

function unavailable(reason: string, message: string): TalosError {
  return new TalosError('MODEL_UNAVAILABLE', message, { details: { reason, fix: 'talos doctor' } });
}
