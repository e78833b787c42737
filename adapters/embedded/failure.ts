import type { ChildFailure } from './protocol.ts';

/** A failure with a name both ends know. */
export class Failure extends Error {
  readonly failure: ChildFailure;

  constructor(failure: ChildFailure, message: string) {
    super(message);
    this.failure = failure;
  }
}
