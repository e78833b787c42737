import { canonicalJson } from '../canonical-json.ts';
import { parseJsonText } from '../json-text.ts';
import type { JsonValue } from '../json.ts';
import type { TextHasher } from '../ports.ts';
import type { SkillBundle } from './bundle.ts';
import { CertificateBody, PromotionCertificate } from './certificate.ts';

/** Says what a text is for, so that a signature of one kind is never taken for another. */
const purpose = 'talos-promotion-v1';

/** SHA-256 and Ed25519 with the key of this node, done outside the domain; results as lower-case hex. */
export type CertificateSigner = {
  readonly hash: TextHasher;
  readonly publicKey: string;
  readonly sign: (text: string) => string;
};

/** Checks what a CertificateSigner made, whoever's key it was. */
export type CertificateChecker = {
  readonly hash: TextHasher;
  readonly isSigned: (text: string, signature: string, publicKey: string) => boolean;
};

/** What a certificate has to be for. What is left out is not checked. */
export type CertificateExpectations = {
  /** Ed25519 public key of the node, hex. Without it a certificate only shows that somebody signed it. */
  readonly publicKey?: string;
  readonly bundle?: Pick<SkillBundle, 'hash' | 'manifest'>;
};

/** A certificate that holds, or what speaks against it. */
export type CertificateCheck =
  | { readonly ok: true; readonly certificate: PromotionCertificate }
  | { readonly ok: false; readonly problems: readonly string[] };

/** What is signed: the purpose and the SHA-256 of the canonical JSON (RFC 8785) of key and body. */
export function certificateText(body: CertificateBody, publicKey: string, hash: TextHasher): string {
  return `${purpose} ${hash(canonicalJson([purpose, publicKey, toJson(body)]))}`;
}

/** Signs what a promotion rests on. */
export function signCertificate(body: CertificateBody, signer: CertificateSigner): PromotionCertificate {
  const checked = CertificateBody.parse(body);
  const { publicKey } = signer;
  return { body: checked, publicKey, signature: signer.sign(certificateText(checked, publicKey, signer.hash)) };
}

/** The one way a certificate is written to a file: sorted keys, two spaces, a line feed. Any other text counts as changed. */
export function formatCertificate(certificate: PromotionCertificate): string {
  return `${JSON.stringify(JSON.parse(canonicalJson(toJson(certificate))), null, 2)}\n`;
}

/** A manifest as wide and as deep as may be, on lines of its own, has some megabytes; any other some kilobytes. */
export const maxCertificateBytes = 8_388_608;

/** A manifest nests as deep as a bundle may, and lies deeper in a certificate. */
const maxDepth = 72;

/** Reads a certificate file; undefined unless it is exactly what formatCertificate writes. */
export function parseCertificate(text: string): PromotionCertificate | undefined {
  const parsed = parseJsonText(text, maxDepth);
  const result = parsed.ok ? PromotionCertificate.safeParse(parsed.value) : undefined;
  return result?.success === true && formatCertificate(result.data) === text ? result.data : undefined;
}

/** Checks signature, sense and purpose of a certificate; pure, so that it works offline with the node stopped. */
export function verifyCertificate(
  certificate: PromotionCertificate,
  expectations: CertificateExpectations,
  checker: CertificateChecker,
): CertificateCheck {
  const result = PromotionCertificate.safeParse(certificate);
  if (!result.success) return { ok: false, problems: ['It does not follow the form of a promotion certificate.'] };
  const { body, publicKey, signature } = result.data;
  const isSigned = checker.isSigned(certificateText(body, publicKey, checker.hash), signature, publicKey);
  const problems = [
    ...(isSigned ? [] : ['Its signature does not fit: something in it was changed.']),
    ...contradictions(body),
    ...unexpected(result.data, expectations),
  ];
  return problems.length === 0 ? { ok: true, certificate: result.data } : { ok: false, problems };
}

/** What cannot be true of an honest promotion, even if it is signed. */
function contradictions({ evidence, promotedAt, override }: CertificateBody): string[] {
  const { runs, benefit } = evidence;
  const differ = (values: readonly string[]): boolean => new Set(values).size === values.length;
  const isWorse = benefit !== undefined && benefit.withSkill < benefit.withoutSkill;
  return [
    ...(differ(runs.map((run) => run.case)) ? [] : ['Its three runs are not of three different cases.']),
    ...(differ(runs.map((run) => run.runId)) ? [] : ['It counts one run twice.']),
    ...(runs.every((run) => run.finishedAt <= promotedAt) ? [] : ['A run ended after the promotion.']),
    ...(isWorse && override === undefined ? ['The skill did worse than the model alone, and no reason is given.'] : []),
  ];
}

function unexpected({ body, publicKey }: PromotionCertificate, expected: CertificateExpectations): string[] {
  const problems: string[] = [];
  if (expected.publicKey !== undefined && expected.publicKey !== publicKey) {
    problems.push('It is signed by another node.');
  }
  if (expected.bundle === undefined) return problems;
  if (expected.bundle.hash !== body.bundle) problems.push('It is for another version of the skill.');
  if (canonicalJson(toJson(expected.bundle.manifest)) !== canonicalJson(toJson(body.manifest))) {
    problems.push('It names another manifest than the skill has.');
  }
  return problems;
}

/** The plain JSON of a checked value; optional fields that are absent are left out. */
function toJson(value: CertificateBody | PromotionCertificate | SkillBundle['manifest']): JsonValue {
  const parsed = parseJsonText(JSON.stringify(value), 200);
  return parsed.ok ? parsed.value : null;
}
