import { canonicalJson } from '../canonical-json.ts';
import { TalosError } from '../errors.ts';
import { parseJsonText } from '../json-text.ts';
import type { JsonValue } from '../json.ts';
import type { TextHasher } from '../ports.ts';
import type { CertificateChecker, CertificateSigner } from '../skills/certificate-seal.ts';
import { NightReport, type ReportView, SignedReport } from './report.ts';
import type { NightRunId } from './run.ts';

/** Says what a text is for, so that a signature of one kind is never taken for another. */
const purpose = 'talos-night-report-v1';

/** Deepest nesting of a report. */
const maxDepth = 32;

/** What is signed: the purpose and the SHA-256 of the canonical JSON (RFC 8785) of key and report. */
function signedText(report: NightReport, publicKey: string, hash: TextHasher): string {
  return `${purpose} ${hash(canonicalJson([purpose, publicKey, toJson(report)]))}`;
}

/** Signs a report with the key of this node. */
export function signReport(report: NightReport, { publicKey, sign, hash }: CertificateSigner): SignedReport {
  const checked = NightReport.parse(report);
  return { report: checked, publicKey, signature: sign(signedText(checked, publicKey, hash)) };
}

/** The one way a report is written to a file: sorted keys, two spaces, a line feed. Any other text counts as changed. */
export function formatReport(signed: SignedReport): string {
  return `${JSON.stringify(JSON.parse(canonicalJson(toJson(signed))), null, 2)}\n`;
}

/** What a file of a report is worth; pure, so that it works offline. `publicKey` is that of this node, hex. */
export function readReport(
  file: { readonly id: NightRunId; readonly text: string },
  publicKey: string,
  checker: CertificateChecker,
): ReportView {
  const parsed = parseJsonText(file.text, maxDepth);
  const signed = parsed.ok ? SignedReport.safeParse(parsed.value).data : undefined;
  const { id } = file;
  if (signed === undefined) return { id, sound: false, problems: ['It is no report as Talos writes it.'] };
  const { report } = signed;
  const problems = [
    ...(formatReport(signed) === file.text ? [] : ['Its text is not as Talos writes it.']),
    ...(isSigned(signed, checker) ? [] : ['Its signature does not fit: something in it was changed.']),
    ...(signed.publicKey === publicKey ? [] : ['It is signed with another key than that of this node.']),
    ...(report.id === id ? [] : [`It is the report of another run, ${report.id}.`]),
  ];
  return { id, sound: problems.length === 0, problems, report };
}

function isSigned({ report, publicKey, signature }: SignedReport, checker: CertificateChecker): boolean {
  return checker.isSigned(signedText(report, publicKey, checker.hash), signature, publicKey);
}

/** The plain JSON of a checked value; optional fields that are absent are left out. */
function toJson(value: NightReport | SignedReport): JsonValue {
  const parsed = parseJsonText(JSON.stringify(value), maxDepth);
  if (parsed.ok) return parsed.value;
  throw new TalosError('INTERNAL', `A report of the night cannot be written: ${parsed.reason}.`);
}
