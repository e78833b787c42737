import { TalosError } from '../domain/errors.ts';

/** Attempts before a Talos that was there is taken for gone; one that is started again needs a few seconds. */
export const maxAttempts = 60;

/** Whether it failed as a Talos does whose API is just started again. */
export function mayComeBack(thrown: unknown): thrown is TalosError {
  return thrown instanceof TalosError && ['NOT_RUNNING', 'SHUTTING_DOWN', 'STORE_UNAVAILABLE'].includes(thrown.code);
}
