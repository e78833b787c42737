import type { CloudModel } from '../domain/cloud/ports.ts';
import { TalosError } from '../domain/errors.ts';

/** The cloud of a Talos without a key: it is no failure, and nothing leaves the machine. */
export function createAbsentCloud(): CloudModel {
  return {
    host: 'none',
    state: async () => ({ kind: 'not-configured' }),
    // oxlint-disable-next-line require-yield -- a stream that always fails
    async *chat(_request, signal) {
      signal.throwIfAborted();
      throw new TalosError('CLOUD_NOT_CONFIGURED', 'No cloud model is set up; set GEMINI_API_KEY to use one.', {
        details: { field: 'GEMINI_API_KEY' },
      });
    },
  };
}
