import { readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

import { errorCatalogue } from '../../domain/errors.ts';

/** What clients and scripts rely on: code -> HTTP status, exit code, retryable. */
const pinned = {
  VALIDATION_FAILED: [400, 64, false],
  BODY_NOT_JSON: [400, 64, false],
  BODY_TOO_LARGE: [413, 64, false],
  UNSUPPORTED_MEDIA_TYPE: [415, 64, false],
  NOT_FOUND: [404, 64, false],
  METHOD_NOT_ALLOWED: [405, 64, false],
  UNAUTHENTICATED: [401, 77, false],
  ORIGIN_REFUSED: [403, 77, false],
  TOO_MANY_REQUESTS: [429, 75, true],
  IDEMPOTENCY_CONFLICT: [409, 64, false],
  MESSAGE_TOO_LONG: [422, 64, false],
  FIREWALL_BLOCKED: [403, 77, false],
  CONVERSATION_ON_HOLD: [423, 77, false],
  LOCKDOWN: [423, 77, false],
  MESSAGE_STOPPED: [409, 75, false],
  MODEL_UNAVAILABLE: [503, 69, true],
  MODEL_MISSING: [503, 69, false],
  MODEL_REFUSED: [502, 69, false],
  MODEL_TIMEOUT: [504, 75, true],
  MODEL_UNKNOWN: [404, 64, false],
  PULL_FAILED: [502, 69, true],
  PULL_CORRUPT: [502, 69, false],
  DISK_FULL: [507, 74, false],
  MODEL_IN_USE: [409, 64, false],
  IMAGE_INVALID: [422, 64, false],
  VISION_MISSING: [422, 69, false],
  REPLY_INVALID: [502, 69, false],
  CLOUD_NOT_CONFIGURED: [503, 78, false],
  CLOUD_UNAVAILABLE: [503, 69, true],
  CLOUD_PAUSED: [503, 75, false],
  CLOUD_BUDGET_SPENT: [429, 75, false],
  CLOUD_REFUSED: [502, 69, false],
  CLOUD_BLOCKED: [422, 77, false],
  GPU_BUSY: [503, 75, true],
  STORE_UNAVAILABLE: [503, 69, true],
  STORE_FULL: [507, 74, true],
  VECTORS_UNAVAILABLE: [503, 69, true],
  AUDIT_UNAVAILABLE: [507, 74, true],
  REPORT_CHANGED: [409, 70, false],
  REPORTS_UNAVAILABLE: [507, 74, true],
  AUDIT_BROKEN: [500, 70, false],
  RUNTIME_UNAVAILABLE: [503, 69, true],
  SKILL_INVALID: [422, 64, false],
  SKILL_CHANGED: [409, 77, false],
  SKILL_NOT_READY: [409, 77, false],
  SKILLS_UNAVAILABLE: [507, 74, true],
  SKILL_FAILED: [422, 70, false],
  RUN_STOPPED: [409, 75, false],
  PERMISSION_DENIED: [403, 77, false],
  HOST_UNAVAILABLE: [502, 69, true],
  SANDBOX_UNAVAILABLE: [503, 69, false],
  SANDBOX_FAILED: [503, 69, true],
  APPROVAL_REFUSED: [403, 77, false],
  APPROVAL_LOCKED: [429, 75, true],
  APPROVAL_UNDELIVERED: [503, 69, true],
  SHUTTING_DOWN: [503, 75, true],
  CONFIG_INVALID: [500, 78, false],
  PORT_IN_USE: [500, 69, false],
  ENGINE_MISSING: [503, 69, false],
  ENGINE_FAILED: [503, 69, true],
  DOWNLOAD_FAILED: [502, 69, true],
  CHECKSUM_MISMATCH: [502, 69, false],
  NOT_RUNNING: [503, 69, true],
  ALREADY_RUNNING: [409, 64, false],
  INTERNAL: [500, 70, false],
};

/** The rows of the table for users: code, status, exit, again, what happened, what to do. */
function documented(): string[][] {
  const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');
  const rows = page.split('\n').filter((line) => line.startsWith('| `'));
  return rows.map((row) =>
    row
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
}

describe('errors', () => {
  test('codes keep their HTTP status, exit code and retry', () => {
    const actual = Object.entries(errorCatalogue).map(([code, { httpStatus, exitCode, retryable }]) => [
      code,
      [httpStatus, exitCode, retryable],
    ]);
    expect(Object.fromEntries(actual)).toEqual(pinned);
  });

  test('docs/errors.md lists exactly the catalogue', () => {
    const expected = Object.entries(errorCatalogue).map(([code, { httpStatus, exitCode, retryable }]) => [
      `\`${code}\``,
      String(httpStatus),
      String(exitCode),
      retryable ? 'yes' : 'no',
    ]);
    expect(documented().map((row) => row.slice(0, 4))).toEqual(expected);
  });

  test('every row says what happened and what to do', () => {
    for (const [code, , , , meaning, advice, ...rest] of documented()) {
      expect(meaning, code).not.toBe('');
      expect(advice, code).not.toBe('');
      expect(rest, code).toEqual([]);
    }
  });
});
