import { z } from 'zod';

/** How bad a finding is. `high` and `critical` block the one message they are found in; `low` and `medium` are only recorded. */
export const Severity = z.enum(['low', 'medium', 'high', 'critical']);
export type Severity = z.infer<typeof Severity>;

/** L1 patterns, L2 decoded text, L3 characters, L4 length. */
export const Layer = z.enum(['L1', 'L2', 'L3', 'L4']);
export type Layer = z.infer<typeof Layer>;

/** One rule that fired, and where. Never holds any of the text. */
export const Finding = z.strictObject({ rule: z.string(), severity: Severity, layer: Layer });
export type Finding = z.infer<typeof Finding>;

/** What the firewall says of one text. */
export const Verdict = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('allow'), findings: z.array(Finding) }),
  z.strictObject({
    kind: z.literal('block'),
    severity: Severity.extract(['high', 'critical']),
    code: z.enum(['FIREWALL_BLOCKED', 'MESSAGE_TOO_LONG']),
    findings: z.array(Finding),
  }),
]);
export type Verdict = z.infer<typeof Verdict>;
