import { z } from 'zod';

/** What a code can consent to. */
export const ApprovalAction = z
  .enum(['skill-promote', 'skill-run', 'cloud-call', 'lockdown-unlock'])
  .meta({ id: 'ApprovalAction' });
export type ApprovalAction = z.infer<typeof ApprovalAction>;

/** What exactly the owner is asked to consent to; a code fits nothing else. `binding` is a hash of the thing itself. */
export const ApprovalRequest = z.strictObject({
  action: ApprovalAction,
  subject: z.string().min(1).max(200),
  binding: z.string().regex(/^[0-9a-f]{64}$/),
});
export type ApprovalRequest = z.infer<typeof ApprovalRequest>;

/** What the asker learns: that a code is on its way, and until when (ms since 1970) it counts. Never the code. */
export type ApprovalTicket = { readonly id: string; readonly expiresAt: number };

/** One guess at a code. */
export type ApprovalAttempt = ApprovalRequest & { readonly code: string };

/** What came of a guess. `locked` tells until when (ms since 1970) no guess is heard. */
export type Redemption =
  | { readonly kind: 'accepted'; readonly id: string }
  | { readonly kind: 'wrong'; readonly left: number }
  | { readonly kind: 'none' }
  | { readonly kind: 'locked'; readonly until: number };

/** A code on its way to the owner. */
export const DeliveredCode = z
  .strictObject({ ...ApprovalRequest.shape, id: z.string(), expiresAt: z.int(), code: z.string().regex(/^\d{4}$/) })
  .meta({ id: 'DeliveredCode' });
export type DeliveredCode = z.infer<typeof DeliveredCode>;

/** A request whose code is still open, as everybody who may sign in can see it. */
export const OpenApproval = z
  .strictObject({ ...ApprovalRequest.shape, id: z.string(), issuedAt: z.int(), expiresAt: z.int() })
  .meta({ id: 'OpenApproval' });
export type OpenApproval = z.infer<typeof OpenApproval>;
