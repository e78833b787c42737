import { z } from 'zod';

import { MessageOutcome, type MessageRef, TokenUsage } from './chat.ts';
import type { ErrorCode } from './errors.ts';
import type { LocalFailure } from './routing/decide.ts';
import { ContextUse, Route, RouteReason } from './routing/route.ts';
import type { DraftKey } from './skills/draft.ts';
import { BundleHash, SkillId } from './skills/manifest.ts';
import { RunKey } from './skills/run.ts';
import { CallId } from './skills/steps.ts';

/**
 * How a message ends, as a workflow may know it: everything of its outcome but the reply, whose text stays in the store
 * as the draft and never enters a workflow history.
 */
export const Settlement = MessageOutcome.omit({ reply: true });
export type Settlement = z.infer<typeof Settlement>;

/** A call of a skill, accepted as a run; its input stays in the store of runs. */
export const PlannedCall = z.strictObject({
  id: CallId,
  skill: SkillId,
  key: RunKey,
  hash: BundleHash,
  /** How long the owner may take to consent; without it nobody is asked. */
  consentSeconds: z.int().positive().optional(),
});
export type PlannedCall = z.infer<typeof PlannedCall>;

/** A message that may go to the cloud, with what the local engine failed with where it was tried. */
export type CloudWish = MessageRef & { readonly failure?: LocalFailure };

/** What may come of it. `ask`: the owner decides within `consentSeconds`. */
export type CloudPlan =
  | { readonly kind: 'go'; readonly reason: RouteReason }
  | { readonly kind: 'ask'; readonly reason: RouteReason; readonly consentSeconds: number }
  | { readonly kind: 'refuse'; readonly code: ErrorCode; readonly message: string };

/** The owner's leave: the approval that was redeemed, and the hash of what it was given for. */
export type CloudLeave = { readonly approval: string; readonly binding: string };

/** A message that goes to the cloud, and why. */
export type CloudOrder = MessageRef & { readonly reason: RouteReason; readonly leave?: CloudLeave };

/** What the model step tells the workflow: about the reply it stored as the draft, or which skills the model wants to use first. */
export const Generation = z.strictObject({
  model: z.string(),
  route: Route,
  routeReason: RouteReason.optional(),
  notice: z.string().optional(),
  usage: TokenUsage,
  context: ContextUse.optional(),
  modelMs: z.int().nonnegative().optional(),
  /** Without calls the draft is the answer. Empty when all were refused and the model is to be told why. */
  calls: z.array(PlannedCall).optional(),
});
export type Generation = z.infer<typeof Generation>;

/** Whether a message may go on, and as what. */
export type Screening =
  | {
      readonly kind: 'passed';
      /** The wish for a skill that the message is. */
      readonly draft?: DraftKey;
      /** Given when the cloud alone may answer. */
      readonly route?: 'cloud';
    }
  | { readonly kind: 'refused'; readonly settlement: Settlement };
