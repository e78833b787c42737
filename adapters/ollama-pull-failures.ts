import { TalosError } from '../domain/errors.ts';

/** Longest piece of a foreign message repeated in ours, in characters. */
const maxQuote = 300;

/** The error for words a pull failed with; Ollama tells them as plain text in the middle of its stream. */
export function failureOfPull(words: string, { asked, host }: { asked: string; host: string }): TalosError {
  const text = words.length > maxQuote ? `${words.slice(0, maxQuote).toWellFormed()} ...` : words;
  const failed = (final: boolean) =>
    new TalosError('PULL_FAILED', `${asked} could not be pulled from ${host}: ${text}`, { details: { final } });
  // What such a registry says beside its status is about itself, not about this machine.
  if (/manifest: (5\d\d|429|408): /.test(words)) return failed(false);
  if (/file does not exist|manifest unknown|pull model manifest: 404/i.test(words)) {
    return new TalosError('MODEL_UNKNOWN', `${host} has no model ${asked}; look for its exact name and tag there.`);
  }
  if (/digest mismatch/i.test(words)) {
    return new TalosError('PULL_CORRUPT', `What ${host} sent for ${asked} is not what its manifest names.`);
  }
  if (/no space left|not enough (disk )?space|insufficient (disk )?space|disk quota/i.test(words)) {
    return new TalosError(
      'DISK_FULL',
      `The disk is full; what came of ${asked} so far is kept. Make room, pull again.`,
    );
  }
  if (/newer version of ollama/i.test(words)) {
    return new TalosError('MODEL_REFUSED', `${asked} needs a newer Ollama than this one: ${text}`);
  }
  return failed(isFinal(words));
}

/** Another try would end the same way. */
function isFinal(words: string): boolean {
  return /HTTP response to HTTPS client|insecure|unauthorized|denied|realm host|manifest: 40[013]|invalid/i.test(words);
}
