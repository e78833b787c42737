import { createHash } from 'node:crypto';

import { parse } from 'yaml';

import type { BundleTools } from '../domain/skills/read-bundle.ts';
import { createSchemaChecker } from './skill-schemas.ts';

/** What reading a skill takes: SHA-256, YAML and JSON Schema. Make one for a process, so that compiled schemas are kept. */
export function createBundleTools({ maxBytes }: Pick<BundleTools, 'maxBytes'>): BundleTools {
  return {
    hash: (text) => createHash('sha256').update(text).digest('hex'),
    readYaml: (text): unknown => parse(text, { schema: 'failsafe', maxAliasCount: 0, logLevel: 'error' }),
    checkValue: createSchemaChecker(),
    maxBytes,
  };
}
