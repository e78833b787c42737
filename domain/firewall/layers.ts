import { decodeBase64Runs } from './base64.ts';
import { createMentionCheck, type MentionCheck } from './mention.ts';
import { hiddenTagText, normalise } from './normalise.ts';
import type { Rule } from './rule.ts';
import { invisibleCharacters, rules } from './rules.ts';
import type { Finding, Layer, Severity } from './schema.ts';

/** Whether talk about an attack counts as one; only the person at the keyboard is believed. */
export type Reading = { readonly believesMentions: boolean };

/** L1: the patterns over the text as typed and over its normalised form. */
export function scanPatterns(text: string, reading: Reading): Finding[] {
  const views = new Set([text.toLowerCase(), normalise(text)]);
  const hidden = hiddenTagText(text);
  if (hidden !== '') views.add(normalise(hidden));
  const findings = [...views].flatMap((view) => scanView(view, { ...reading, layer: 'L1' }));
  return hits(text, invisibleCharacters) ? [...findings, finding(invisibleCharacters, 'L1')] : findings;
}

/** L2: the patterns over everything Base64 hides. What is encoded is never a mere mention. */
export function scanDecoded(text: string): Finding[] {
  const { texts, isExhausted } = decodeBase64Runs(text);
  const findings = texts.flatMap((decoded) => scanView(normalise(decoded), { layer: 'L2', believesMentions: false }));
  return isExhausted ? [...findings, { rule: 'decoding-cut-short', severity: 'medium', layer: 'L2' }] : findings;
}

/** L3: unusually many symbols. Evidence only; code and every script's letters, marks and digits are usual. */
export function scanCharacters(text: string): Finding[] {
  const prose = text.replace(/`{3}[\s\S]{0,20000}?`{3}/gu, ' ');
  const symbols = prose.match(/[^\p{L}\p{M}\p{N}\s\p{Extended_Pictographic}\p{Cf}]/gu)?.length ?? 0;
  const isUnusual = prose.length >= 20 && symbols / prose.length > 0.3 && !looksLikeCode(prose);
  return isUnusual ? [{ rule: 'symbol-ratio', severity: 'low', layer: 'L3' }] : [];
}

/** L4: length in code points, which is what a person would count. */
export function scanLength(text: string, maxLength: number): Finding[] {
  if (text.length <= maxLength) return [];
  let length = 0;
  for (const _ of text) length += 1;
  return length > maxLength ? [{ rule: 'too-long', severity: 'high', layer: 'L4' }] : [];
}

const codeSigns = [
  /[;{]\s*(?:\n|$)/u,
  /=>|->|::|==|!=|\+=|&&|\|\|/u,
  /\w\([^()\n]{0,80}\)/u,
  /<\/?[a-z][\w-]{0,30}[^<>\n]{0,200}>/iu,
  /[[{]\s{0,8}["'\d[{]/u,
  /[$\\]\w/u,
  /["']\s?:\s?/u,
  /^\s{0,20}(?:[-+|#>*]|\/\/)/mu,
  /\|\s?:?-{3}/u,
  /https?:\/\//u,
];

function looksLikeCode(text: string): boolean {
  return codeSigns.filter((sign) => sign.test(text)).length >= 2;
}

type ViewReading = Reading & { readonly layer: Layer };

function scanView(view: string, { layer, believesMentions }: ViewReading): Finding[] {
  let check: MentionCheck | undefined;
  const isMention: MentionCheck = (start, end) => {
    if (!believesMentions) return false;
    check ??= createMentionCheck(view);
    return check(start, end);
  };
  return rules.flatMap((rule) => {
    const severity = severityIn(view, rule, isMention);
    return severity === undefined ? [] : [{ rule: rule.id, severity, layer }];
  });
}

/** The rule's own severity, or medium when every hit is a mention. */
function severityIn(view: string, rule: Rule, isMention: MentionCheck): Severity | undefined {
  let severity: Severity | undefined;
  for (const pattern of rule.patterns) {
    for (const hit of view.matchAll(pattern)) {
      if (!isMention(hit.index, hit.index + hit[0].length)) return rule.severity;
      severity = 'medium';
    }
  }
  return severity;
}

function hits(text: string, rule: Rule): boolean {
  return rule.patterns.some((pattern) => text.search(pattern) >= 0);
}

function finding(rule: Rule, layer: Layer): Finding {
  return { rule: rule.id, severity: rule.severity, layer };
}
