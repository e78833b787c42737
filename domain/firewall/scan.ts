import { scanCharacters, scanDecoded, scanLength, scanPatterns } from './layers.ts';
import { type Finding, Severity, type Verdict } from './schema.ts';

/**
 * Judges a message a person sent. Critical and high findings block this one message; a quoted attack that is only asked about
 * does not. Longer than `maxLength` code points is MESSAGE_TOO_LONG, and nothing else is looked at.
 */
export function scanMessage(text: string, limits: { maxLength: number }): Verdict {
  const tooLong = scanLength(text, limits.maxLength);
  if (tooLong.length > 0) return { kind: 'block', severity: 'high', code: 'MESSAGE_TOO_LONG', findings: tooLong };
  return judge([...scanPatterns(text, { believesMentions: true }), ...scanDecoded(text), ...scanCharacters(text)]);
}

/**
 * Judges text that came from elsewhere: a memory, a tool, a peer. The same rules without a limit of length; quoting excuses
 * nothing, because here the attacker writes the words around the quotation, too.
 */
export function scanUntrusted(text: string): Verdict {
  return judge([...scanPatterns(text, { believesMentions: false }), ...scanDecoded(text), ...scanCharacters(text)]);
}

function judge(found: readonly Finding[]): Verdict {
  const findings = worstPerRule(found);
  const severity = findings[0]?.severity;
  if (severity !== 'critical' && severity !== 'high') return { kind: 'allow', findings };
  return { kind: 'block', severity, code: 'FIREWALL_BLOCKED', findings };
}

/** One finding per rule and layer, worst first. */
function worstPerRule(found: readonly Finding[]): Finding[] {
  const worst = new Map<string, Finding>();
  const sorted = found.toSorted((a, b) => rank(b) - rank(a));
  for (const finding of sorted) {
    const key = `${finding.layer}/${finding.rule}`;
    if (!worst.has(key)) worst.set(key, finding);
  }
  return [...worst.values()];
}

function rank(finding: Finding): number {
  return Severity.options.indexOf(finding.severity);
}
