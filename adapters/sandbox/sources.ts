import { stripTypeScriptTypes } from 'node:module';

import type { SandboxRequest } from '../../domain/sandbox/run.ts';
import type { BundleFiles } from '../../domain/skills/bundle.ts';

const code = /\.([cm]?[jt]s|json)$/;
const typeScript = /\.[cm]?ts$/;
/** What describes a skill is none of its business; from its cases it could read the answers. */
const outside = /^(evals\/|skill\.json$|SKILL\.md$)/;

/** The files a skill finds in its sandbox, TypeScript without its types. Throws a SyntaxError where that is not possible. */
export function sourcesOf({ language, files }: Pick<SandboxRequest, 'language' | 'files'>): BundleFiles {
  const wanted = Object.entries(files).filter(
    ([path]) => !outside.test(path) && (language === 'py' || code.test(path)),
  );
  return Object.fromEntries(
    wanted.map(([path, text]) => [path, typeScript.test(path) ? withoutTypes(path, text) : text]),
  );
}

function withoutTypes(path: string, text: string): string {
  try {
    return stripTypeScriptTypes(text);
  } catch (error) {
    throw new SyntaxError(`${path}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
