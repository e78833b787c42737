import { TalosError } from '../domain/errors.ts';

/** Answers of a server that is there but cannot serve now. */
const notNow = /^(LOADING|BUSY|MASTERDOWN|READONLY|NOAUTH|WRONGPASS|NOPERM|CLUSTERDOWN|TRYAGAIN)\b/;

/** What failed at Redis, in our words: out of memory or disk is STORE_FULL, a wrong command INTERNAL, the rest STORE_UNAVAILABLE. */
export function toStoreError(thrown: unknown): TalosError {
  if (thrown instanceof TalosError) return thrown;
  const text = reasonOf(thrown);
  // Redis 6 wraps the refusal of a command inside a script, Redis 7 does not.
  if (text.includes('OOM command not allowed')) {
    return new TalosError(
      'STORE_FULL',
      'Redis has reached its memory ceiling; raise REDIS_MAX_MEMORY and restart Talos, or make room with `talos dream --now`; then try again.',
      { cause: thrown, details: { fix: 'REDIS_MAX_MEMORY' } },
    );
  }
  if (text.startsWith('MISCONF')) {
    return new TalosError('STORE_FULL', 'Redis cannot write to its disk; make room on it, then try again.', {
      cause: thrown,
    });
  }
  if (thrown instanceof Error && thrown.name === 'ReplyError' && !notNow.test(text)) {
    return new TalosError('INTERNAL', 'Redis refused a command of Talos; the log has the cause.', { cause: thrown });
  }
  return storeUnavailable(thrown);
}

/** A transaction is refused as a whole; why is in what Redis said to its first bad command. */
function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const earlier: unknown = 'previousErrors' in thrown ? thrown.previousErrors : undefined;
  const first: unknown = Array.isArray(earlier) ? earlier[0] : undefined;
  return first instanceof Error ? first.message : thrown.message;
}

/** Redis is away; `cause` says why as far as is known. */
export function storeUnavailable(cause?: unknown): TalosError {
  const reason = cause instanceof Error && cause.message !== '' ? ` (${cause.message})` : '';
  return new TalosError(
    'STORE_UNAVAILABLE',
    `Redis does not answer${reason}; check \`talos doctor\`, then try again.`,
    {
      cause,
    },
  );
}
