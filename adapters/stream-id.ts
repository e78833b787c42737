import { TalosError } from '../domain/errors.ts';

/** Before the first entry of every stream. */
export const streamStart = '0-0';

/** Either half of a stream id is an unsigned 64-bit number. */
const highest = 2n ** 64n - 1n;

/** Checks what a reader sent as `Last-Event-ID`. */
export function parseStreamId(text: string): string {
  const parts = /^(\d{1,20})-(\d{1,20})$/.exec(text)?.slice(1);
  if (parts?.every((part) => BigInt(part) <= highest)) return text;
  throw new TalosError(
    'VALIDATION_FAILED',
    'Last-Event-ID is not the id of an event of this message; leave it out to start from the beginning.',
    { details: { field: 'Last-Event-ID' } },
  );
}
