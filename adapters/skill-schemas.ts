import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ErrorObject, ValidateFunction } from 'ajv/dist/2020.js';

import { canonicalJson } from '../domain/canonical-json.ts';
import type { JsonObject } from '../domain/json.ts';
import { onceFor } from '../domain/once-for.ts';
import { compilePattern } from '../domain/patterns/compile.ts';
import type { CheckValue } from '../domain/skills/read-manifest.ts';
import { quoted } from '../domain/skills/finding.ts';
import { schemaProblems } from '../domain/skills/schema-limits.ts';

/** Of hundreds of skills in use, each with two; a compiled schema takes many times the room of its text. */
const room = { keys: 1000, chars: 524_288 };

/** Most differences that are told. */
const maxTold = 10;

/**
 * Checks values against JSON Schemas (2020-12), compiled once each. Only schemas within the limits are compiled, with patterns that
 * run in linear time; `format` is a note to the reader, as the standard has it. Throws a SyntaxError for a schema that cannot be used.
 */
export function createSchemaChecker(): CheckValue {
  const ajv = new Ajv2020({
    strict: true,
    strictTypes: false,
    strictTuples: false,
    strictRequired: false,
    validateFormats: false,
    addUsedSchema: false,
    logger: false,
    ownProperties: true,
    code: { regExp: linearRegExp },
  });
  const once = onceFor<ValidateFunction>(room);

  function compiled(schema: JsonObject): ValidateFunction {
    const key = canonicalJson(schema);
    return once({ key, chars: key.length }, () => {
      const problems = schemaProblems(schema);
      if (problems.length > 0) throw new SyntaxError(problems.join('; '));
      return compile(ajv, schema);
    });
  }

  return (schema, value) => {
    const validate = compiled(schema);
    return validate(value) === true ? [] : (validate.errors ?? []).slice(0, maxTold).map(toSentence);
  };
}

function compile(ajv: Ajv2020, schema: JsonObject): ValidateFunction {
  try {
    return ajv.compile(schema);
  } catch (cause) {
    throw new SyntaxError(cause instanceof Error ? cause.message : 'it cannot be compiled', { cause });
  } finally {
    ajv.removeSchema(schema); // it keeps what it compiled for ever
  }
}

/**
 * Takes the place of RegExp inside compiled schemas. Ajv tells patterns apart by their text form, so each needs its own. `code` is what
 * stand-alone code would contain; none is made here.
 */
const linearRegExp = Object.assign(
  (pattern: string) => ({ ...compilePattern(pattern), toString: () => `linear/${pattern}/` }),
  { code: 'compilePattern' },
);

function toSentence({ instancePath, message, params }: ErrorObject): string {
  const place = instancePath === '' ? 'the value' : quoted(instancePath, 200);
  const extra: unknown = params['additionalProperty'] ?? params['unevaluatedProperty'];
  const named = typeof extra === 'string' ? ` (${quoted(extra)})` : '';
  return `${place} ${message ?? 'does not follow its schema'}${named}`;
}
