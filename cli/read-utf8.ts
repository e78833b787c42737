import { TalosError } from '../domain/errors.ts';

/**
 * The text of bytes somebody handed over, without a byte order mark. Fails with VALIDATION_FAILED where they are not UTF-8, as the text
 * would then hold other characters than were meant; `what` begins the sentence that says so.
 */
export function readUtf8(bytes: Uint8Array, what: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new TalosError('VALIDATION_FAILED', `${what} is not UTF-8; save it as UTF-8.`, { cause });
  }
}
