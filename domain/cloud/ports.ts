import type { ModelEvent, ModelRequest } from '../models/model.ts';

/** Whether the cloud model may be called now. Times in ms since 1970. */
export type CloudState =
  | { readonly kind: 'not-configured' }
  | { readonly kind: 'ready'; readonly model: string; readonly tokensUsed: number; readonly tokensLeft: number }
  /** The breaker is open: too many calls have failed. */
  | { readonly kind: 'paused'; readonly until: number; readonly tokensUsed: number; readonly tokensLeft: number }
  | { readonly kind: 'spent'; readonly until: number; readonly tokensUsed: number; readonly tokensLeft: 0 };

/** What goes to the cloud; the model is the adapter's to choose. */
export type CloudRequest = Omit<ModelRequest, 'model' | 'contextTokens' | 'onCpu'>;

/** As a local model streams, but `start` comes first and names the model that answers. */
export type CloudEvent = { readonly type: 'start'; readonly model: string } | ModelEvent;

/**
 * The cloud model with its daily budget and its breaker. Failures are CLOUD_NOT_CONFIGURED, CLOUD_BUDGET_SPENT, CLOUD_PAUSED,
 * CLOUD_UNAVAILABLE (with `details.retryAfterMs` where the cloud said how long to wait), CLOUD_REFUSED or CLOUD_BLOCKED.
 */
export interface CloudModel {
  /** Where requests go, for the audit log, such as `generativelanguage.googleapis.com`. */
  readonly host: string;
  /** Asks nobody outside. */
  state(): Promise<CloudState>;
  /** Reserves tokens, calls, and settles what was used; nothing is sent when the budget or the breaker forbids it. */
  chat(request: CloudRequest, signal: AbortSignal): AsyncIterable<CloudEvent>;
}
