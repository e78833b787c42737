import type { ModelEvent, ModelRequest } from '../models/model.ts';
import type { AwaitedCloud } from '../routing/departure.ts';
import type { Breaker, CallVerdict } from './breaker.ts';
import type { ReserveOrder } from './budget.ts';
import type { NamedModel } from './models.ts';

/** What a cloud model that is set up has used today, in tokens, and what the owner should know of it, such as a model that is about to go. */
type CloudUse = {
  readonly model: string;
  readonly tokensUsed: number;
  readonly tokensLeft: number;
  readonly notes: readonly string[];
};

/** Whether the cloud model may be called now. Times in ms since 1970. */
export type CloudState =
  | { readonly kind: 'not-configured' }
  | (CloudUse & { readonly kind: 'ready' })
  /** The breaker is open: too many calls have failed. With `isProbing`, one call is finding out whether the cloud is well again. */
  | (CloudUse & { readonly kind: 'paused'; readonly until: number; readonly isProbing: boolean })
  | (CloudUse & { readonly kind: 'spent'; readonly until: number; readonly tokensLeft: 0 });

/** What goes to the cloud; the model is the adapter's to choose. Tools are not offered, and images never go. */
export type CloudRequest = Omit<ModelRequest, 'model' | 'contextTokens' | 'onCpu' | 'tools'>;

/**
 * The end of an answer. `isCutByBudget` marks a `length` that the budget of today made: what was said until then is kept, for the
 * reader has seen it already.
 */
export type CloudFinish = Extract<ModelEvent, { type: 'finish' }> & { readonly isCutByBudget?: true };

/** As a local model streams, but `start` comes first and names the model that answers. There are no tool calls. */
export type CloudEvent =
  | { readonly type: 'start'; readonly model: string }
  | Extract<ModelEvent, { type: 'text-delta' | 'reasoning-delta' }>
  | CloudFinish;

/** Hears which model is about to be asked; when it fails, that one is not. */
export type OnCall = (model: string) => Promise<void>;

/**
 * The cloud model with its daily budget and its breaker. Failures are CLOUD_NOT_CONFIGURED, CLOUD_BUDGET_SPENT, CLOUD_PAUSED,
 * CLOUD_UNAVAILABLE (with `details.retryAfterMs` where the cloud said how long to wait), CLOUD_REFUSED or CLOUD_BLOCKED, and
 * STORE_UNAVAILABLE while budget and breaker cannot be read: then nothing is sent.
 */
export interface CloudModel {
  /** Where requests go, for the audit log, such as `generativelanguage.googleapis.com`. */
  readonly host: string;
  /** Asks nobody outside. */
  state(): Promise<CloudState>;
  /**
   * Reserves tokens, calls, and settles what was used; nothing is sent when the budget or the breaker forbids it. `onCall` comes right
   * before all of it is sent, and again before it is sent to the model that stands in.
   */
  chat(request: CloudRequest, signal: AbortSignal, onCall: OnCall): AsyncIterable<CloudEvent>;
}

/** Messages that wait for the owner's leave to go to the cloud. */
export interface AwaitedClouds {
  /** Adds a message, in place of what was said of it before: only what would leave now can be allowed. */
  add(awaited: AwaitedCloud): Promise<void>;
  remove(message: string): Promise<void>;
  /** Oldest first. */
  list(): Promise<AwaitedCloud[]>;
}

/** A step of an answer as a cloud streams it: besides what is said, what it has cost so far. */
export type CloudPiece =
  | Extract<ModelEvent, { type: 'text-delta' | 'reasoning-delta' }>
  | { readonly type: 'usage'; readonly promptTokens: number; readonly outputTokens: number }
  | { readonly type: 'end'; readonly reason: 'stop' | 'length' };

/**
 * The bare cloud, without budget and breaker. Failures are CLOUD_UNAVAILABLE, CLOUD_REFUSED and CLOUD_BLOCKED; `details.reason` tells
 * them apart. An abort keeps the caller's reason.
 */
export interface CloudClient {
  readonly host: string;
  /** Streams an answer; `end` is always last. */
  stream(named: NamedModel, request: CloudRequest, signal: AbortSignal): AsyncIterable<CloudPiece>;
  /** Asks whether there is such a model, with nothing but its name; fails as `stream` does when there is not. */
  find(named: NamedModel, signal: AbortSignal): Promise<void>;
}

/** The daily budget all processes share. Fails with STORE_UNAVAILABLE or STORE_FULL, and then nothing may be sent. */
export interface CloudBudget {
  /** Sets tokens aside as the rules of budget.ts say, and tells how many. */
  reserve(order: ReserveOrder): Promise<number | undefined>;
  /** Books what was used and gives the rest back; a second time it does nothing. */
  settle(booking: { id: string; tokens: number }): Promise<void>;
  /** What is used of a day, and held at a moment. */
  use(day: string, at: number): Promise<{ used: number; held: number }>;
}

/** A step of the breaker: how it stands now, and how it stood before. */
export type BreakerStep = { readonly before: Breaker['kind']; readonly breaker: Breaker };

/** The breaker all processes share, as the rules of breaker.ts say. Fails with STORE_UNAVAILABLE or STORE_FULL. */
export interface CloudBreaker {
  admit(order: { call: string; at: number }): Promise<BreakerStep & { readonly isAdmitted: boolean }>;
  hear(end: { call: string; at: number; verdict: CallVerdict; retryAfterMs?: number }): Promise<BreakerStep>;
  current(): Promise<Breaker>;
}
