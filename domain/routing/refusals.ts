import type { ErrorCode } from '../errors.ts';

type Said = { readonly code: ErrorCode; readonly message: string };

/** What is said when a message may not go to a cloud, with what to do about it. */
export const cloudRefusals = {
  image: said('VALIDATION_FAILED', 'Pictures never leave this machine; send the message without `route: cloud`.'),
  local: said(
    'MODEL_UNAVAILABLE',
    'The message was to be answered on this machine alone, so nothing was sent to a cloud.',
  ),
  never: said(
    'CLOUD_NOT_CONFIGURED',
    'Nothing was sent to a cloud, for CLOUD_FALLBACK is never; to allow it set CLOUD_FALLBACK=auto or ask.',
  ),
  noKey: said(
    'CLOUD_NOT_CONFIGURED',
    'No cloud model is set up, so nothing was sent; set GEMINI_API_KEY, or send the message without `route: cloud`.',
  ),
  paused: (until: number) =>
    said(
      'CLOUD_PAUSED',
      `Gemini is left alone until ${timeOf(until)}, for too many calls of it have failed; nothing was sent.`,
    ),
  spent: (until: number) =>
    said(
      'CLOUD_BUDGET_SPENT',
      `The Gemini tokens of today are used up until ${timeOf(until)}, so nothing was sent; GEMINI_MAX_TOKENS_PER_DAY sets how many there are.`,
    ),
} as const;

/** What a message ends with for which the owner did not give leave. */
export function withoutLeave(answer: 'refused' | 'expired', failure: string | undefined): Said {
  const why =
    answer === 'refused' ? 'You did not allow it to go to Gemini' : 'Nobody allowed it to go to Gemini in time';
  const fix = failure ?? 'Send it again without `route: cloud` to have it answered here.';
  return said('MODEL_UNAVAILABLE', `${why}, so nothing was sent. ${fix}`);
}

/** What a message ends with that neither the local model nor the cloud could answer. */
export function neitherAnswered(local: string, cloud: string): Said {
  return said('MODEL_UNAVAILABLE', `${local} Gemini could not stand in: ${cloud}`);
}

function said(code: ErrorCode, message: string): Said {
  return { code, message };
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}
