import { isErrorCode } from '../domain/errors.ts';

const hidden = '[redacted]';
const maxDepth = 6;
const maxText = 8_192;

/** Ends of key names, without "-", "_" and case, whose value never goes into a log. */
const secretKey =
  /(password|passwd|pass|passphrase|secret|token|authorization|cookie|apikey|privatekey|credentials?|otp|pin)$/;

/** Keys every line has of its own. */
const reserved = new Set(['time', 'level', 'message', 'component']);

/** The fields of a log line as they may be written: no secrets, errors as plain data, nothing endlessly deep or long. */
export function redactFields(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const entries = Object.entries(fields).map(([key, value]) => [
    reserved.has(key) ? `${key}_` : key,
    redactValue(key, value, 1),
  ]);
  return Object.fromEntries(entries);
}

/** Hides passwords in addresses and credentials in headers. */
export function redactText(text: string): string {
  const shown = text
    .replaceAll(/:\/\/[^\s/?#]*@/g, `://${hidden}@`)
    .replaceAll(/\b(Basic|Bearer) +[\w.~+/=-]{8,}/gi, `$1 ${hidden}`);
  return shown.length > maxText ? `${shown.slice(0, maxText)}...` : shown;
}

function redactValue(key: string, value: unknown, depth: number): unknown {
  if (value === undefined || value === null || typeof value === 'boolean') return value;
  if (isSecret(key, value)) return hidden;
  if (typeof value === 'string') return redactText(value);
  if (typeof value === 'number') return value;
  if (typeof value !== 'object') return typeof value === 'bigint' ? value.toString() : typeof value;
  if (depth > maxDepth) return '[deeper]';
  if (value instanceof Error) return describeError(value, depth);
  if (Array.isArray(value)) return value.map((item) => redactValue('', item, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, redactValue(name, item, depth + 1)]));
}

/** Counts such as `promptTokens` are numbers and stay; a `code` stays when it names an error and is no code to type. */
function isSecret(key: string, value: unknown): boolean {
  const name = key.replaceAll(/[-_]/g, '').toLowerCase();
  if (name === 'code') return !isErrorCode(value) && !/^[A-Z][A-Z_]{2,}$/.test(String(value));
  return typeof value !== 'number' && secretKey.test(name);
}

/** Name, code, message, stack and causes; other properties may hold what was sent, so they stay out. */
function describeError(error: Error, depth: number): Record<string, unknown> {
  const code = 'code' in error ? redactValue('code', error.code, depth + 1) : undefined;
  return {
    type: error.name,
    ...(code === undefined ? {} : { code }),
    message: redactText(error.message),
    stack: redactText(error.stack ?? ''),
    ...(error.cause === undefined ? {} : { cause: redactValue('cause', error.cause, depth + 1) }),
  };
}
