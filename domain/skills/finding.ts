import { TalosError } from '../errors.ts';
import { hidePasswords } from '../hide-secrets.ts';

/** One thing that is wrong with a bundle: where, what the rule is, and what would be right. */
export type BundleFinding = {
  readonly file: string;
  /** The field inside the file, as in `permissions.hosts.0`. */
  readonly field?: string;
  readonly rule: string;
  readonly example?: string;
};

/** Most findings an error spells out. */
const maxSpelledOut = 20;

/** A finding as one sentence. */
export function findingText({ file, field, rule, example }: BundleFinding): string {
  const place = field === undefined ? file : `${file}, field ${field}`;
  const hint = example === undefined ? '' : `; for example ${example}`;
  return `${place}: ${rule}${hint}`;
}

/** The error for a bundle with at least one finding; its message has one line for each. */
export function invalidSkill(findings: readonly BundleFinding[]): TalosError {
  const [first] = findings;
  const lines = findings.slice(0, maxSpelledOut).map((finding) => `- ${findingText(finding)}`);
  const more = findings.length > maxSpelledOut ? [`- and ${findings.length - maxSpelledOut} more`] : [];
  const details = {
    findings: findings.length,
    ...(first === undefined ? {} : { file: first.file }),
    ...(first?.field === undefined ? {} : { field: first.field }),
  };
  return new TalosError('SKILL_INVALID', ['The skill is not valid:', ...lines, ...more].join('\n'), { details });
}

/** As much of a text as is looked at before it is cut short. */
const longestRead = 4096;

/** A text from a bundle or a caller inside a sentence: quoted, on one line, cut short. */
export function quoted(text: string, maxLength = 80): string {
  const shown = hidePasswords(text.slice(0, longestRead));
  const short = shown.length > maxLength || text.length > longestRead ? `${shown.slice(0, maxLength)}…` : shown;
  return JSON.stringify(short.toWellFormed()).replaceAll(/[<>&\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, '?');
}
