import { expect, it } from 'vitest';

import { failureOfPull } from '../../../adapters/ollama-pull-failures.ts';

const name = { asked: 'tiny:latest', host: 'registry.example' };

it.each([
  ['pull model manifest: file does not exist', 'MODEL_UNKNOWN', false],
  ['digest mismatch, file must be downloaded again: want sha256:1, got sha256:2', 'PULL_CORRUPT', false],
  ['write /models/blobs/sha256-1-partial: no space left on device', 'DISK_FULL', false],
  ['pull model manifest: 412: The model requires a newer version of Ollama.', 'MODEL_REFUSED', false],
  ['pull model manifest: 500: {"errors":[]}', 'PULL_FAILED', true],
  ['pull model manifest: 500: write /data: no space left on device', 'PULL_FAILED', true],
  ['pull model manifest: 503: {"errors":[{"message":"upstream: access denied, invalid state"}]}', 'PULL_FAILED', true],
  ['pull model manifest: 429: {"errors":[]}', 'PULL_FAILED', true],
  ['pull model manifest: Get "https://registry.example/v2/": dial tcp: no such host', 'PULL_FAILED', true],
  ['max retries exceeded: unexpected EOF', 'PULL_FAILED', true],
  ['pull model manifest: 403: {"errors":[]}', 'PULL_FAILED', false],
  ['pull model manifest: Get "https://…": http: server gave HTTP response to HTTPS client', 'PULL_FAILED', false],
])('%s: %s, tried again: %s', (words, code, isTriedAgain) => {
  const error = failureOfPull(words, name);
  expect(error.code).toBe(code);
  expect(error.retryable && error.details['final'] !== true).toBe(isTriedAgain);
});

it('repeats no more than a little of what a registry says', () => {
  expect(failureOfPull('x'.repeat(100_000), name).message.length).toBeLessThan(500);
});
