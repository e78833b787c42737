import type { SandboxRequest } from '../../domain/sandbox/run.ts';
import type { BundleFiles } from '../../domain/skills/bundle.ts';
import { stripTypes } from './type-stripper.ts';

const code = /\.([cm]?[jt]s|json)$/;
const typeScript = /\.[cm]?ts$/;
/** What describes a skill is none of its business; from its cases it could read the answers. */
const outside = /^(evals\/|skill\.json$|SKILL\.md$)/;

/** The files a skill finds in its sandbox, TypeScript without its types. Throws a SyntaxError where that is not possible. */
export async function sourcesOf({ language, files }: Pick<SandboxRequest, 'language' | 'files'>): Promise<BundleFiles> {
  const wanted = Object.entries(files).filter(
    ([path]) => !outside.test(path) && (language === 'py' || code.test(path)),
  );
  const typed = wanted.filter(([path]) => typeScript.test(path));
  const stripped = typed.length === 0 ? {} : await stripTypes(Object.fromEntries(typed));
  return { ...Object.fromEntries(wanted), ...stripped };
}
