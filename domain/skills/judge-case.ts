import { canonicalJson, isList } from '../canonical-json.ts';
import type { JsonValue } from '../json.ts';
import { compilePattern } from '../patterns/compile.ts';
import type { Assertion, CaseJudgement, EvalCase } from './cases.ts';
import { quoted } from './finding.ts';
import { resolvePointer } from './json-pointer.ts';

/** Longest text a pattern of a case is applied to, in UTF-16 code units. */
export const maxMatchedText = 20_000;

/** Judges an output by its case: first the expected output, then each assertion; the first difference is the reason. */
export function judgeCase(evalCase: Pick<EvalCase, 'expected' | 'assertions'>, output: JsonValue): CaseJudgement {
  if (evalCase.expected !== undefined && !isSameJson(evalCase.expected, output)) {
    return failed(`expected ${shown(evalCase.expected)}, got ${shown(output)}`);
  }
  for (const assertion of evalCase.assertions) {
    const reason = contradiction(assertion, output);
    if (reason !== undefined) return failed(reason);
  }
  return { pass: true };
}

/** Whether two JSON values mean the same: order of keys does not count, order of items does. */
export function isSameJson(a: JsonValue, b: JsonValue): boolean {
  return canonicalJson(a) === canonicalJson(b);
}

function failed(reason: string): CaseJudgement {
  return { pass: false, reason };
}

/** What an output says against an assertion, if anything. */
function contradiction(assertion: Assertion, output: JsonValue): string | undefined {
  const place = assertion.path === '' ? 'the output' : assertion.path;
  const found = resolvePointer(output, assertion.path);
  if (found === undefined) return `${place} is missing`;
  const wanted = unmet(assertion, found.value);
  return wanted === undefined ? undefined : `${place} is ${shown(found.value)}, which ${wanted}`;
}

function unmet(assertion: Assertion, value: JsonValue): string | undefined {
  switch (assertion.kind) {
    case 'exists':
      return undefined;
    case 'equals':
      return isSameJson(assertion.value, value) ? undefined : `is not ${shown(assertion.value)}`;
    case 'approximately': {
      const isNear = typeof value === 'number' && Math.abs(value - assertion.value) <= assertion.within;
      return isNear ? undefined : `is not within ${assertion.within} of ${assertion.value}`;
    }
    case 'contains':
      return contains(value, assertion.text) ? undefined : `does not contain ${quoted(assertion.text)}`;
    case 'matches':
      return mismatch(assertion.pattern, value);
  }
}

/** A text contains a part of it, a list contains a text that is an item. */
function contains(value: JsonValue, text: string): boolean {
  if (typeof value === 'string') return value.includes(text);
  return typeof value === 'object' && value !== null && isList(value) && value.includes(text);
}

function mismatch(pattern: string, value: JsonValue): string | undefined {
  if (typeof value !== 'string') return 'is no text';
  if (value.length > maxMatchedText) return `is longer than the ${maxMatchedText} characters a pattern is applied to`;
  try {
    return compilePattern(pattern).test(value) ? undefined : `does not match ${quoted(pattern)}`;
  } catch (thrown) {
    return `cannot be matched: ${thrown instanceof Error ? thrown.message : 'the pattern is not valid'}`;
  }
}

function shown(value: JsonValue): string {
  const text = canonicalJson(value);
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}
