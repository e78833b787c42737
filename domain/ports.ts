import type { AuditEvent, AuditReceipt } from './audit/entry.ts';
import type {
  ConversationId,
  ConversationSummary,
  MessageKey,
  MessageOptions,
  MessageOutcome,
  MessageRecord,
  MessageRef,
  StreamEvent,
} from './chat.ts';
import type {
  ApprovalAttempt,
  ApprovalRequest,
  ApprovalTicket,
  DeliveredCode,
  OpenApproval,
  Redemption,
} from './approval/code.ts';
import type { AwaitedClouds, CloudModel } from './cloud/ports.ts';
import type { ImageStore } from './images/ports.ts';
import type { LockdownState } from './lockdown/state.ts';
import type { LogLine, Logger } from './log.ts';
import type {
  InstalledModel,
  LoadOptions,
  ModelCapabilities,
  ModelEvent,
  ModelRequest,
  ResidentModel,
} from './models/model.ts';
import type { CloudDecision } from './routing/departure.ts';
import type { CallDecision } from './skills/steps.ts';
import type { MemoryCollection, MemoryItem, MemoryMatch, MemoryPage, MemoryQuery } from './retrieval/memory.ts';

/** Something Talos stands on that can be asked whether it is there. Resolves when it answers, rejects with a TalosError otherwise. */
export interface Probe {
  ping(signal: AbortSignal): Promise<void>;
}

/** A chat model server. Failures are MODEL_UNAVAILABLE, MODEL_MISSING, MODEL_REFUSED or MODEL_TIMEOUT. */
export interface LanguageModel extends Probe {
  /** Streams an answer; the last event is `finish`. Aborting the signal ends the work on the server. */
  chat(request: ModelRequest, signal: AbortSignal): AsyncIterable<ModelEvent>;
  installed(): Promise<InstalledModel[]>;
  resident(): Promise<ResidentModel[]>;
  /** Brings a model into memory as a chat with the same window would. */
  load(model: string, signal: AbortSignal, options?: LoadOptions): Promise<void>;
  unload(model: string): Promise<void>;
  /** What an installed model can do. */
  capabilities(model: string): Promise<ModelCapabilities>;
}

/** Turns texts into unit vectors. An empty text gives a zero vector. Failures as for LanguageModel. */
export interface Embedder {
  embed(request: { model: string; texts: readonly string[] }, signal: AbortSignal): Promise<number[][]>;
}

/** Long-term memory by meaning. Vectors of two embedders never meet: `embedder` names the space. Fails with VECTORS_UNAVAILABLE. */
export interface VectorStore extends Probe {
  upsert(collection: MemoryCollection, embedder: string, items: readonly MemoryItem[]): Promise<void>;
  /** Nearest first; `similarity` is the cosine, clamped to -1..1. An unknown collection has no matches. */
  query(query: MemoryQuery): Promise<MemoryMatch[]>;
  delete(collection: MemoryCollection, embedder: string, ids: readonly string[]): Promise<void>;
  /** Over all embedders. */
  count(collection: MemoryCollection): Promise<number>;
  /**
   * A page of what a collection holds, over all embedders, from the start or from where the page before ended. Each is met once as long
   * as nothing is deleted meanwhile.
   */
  scan(collection: MemoryCollection, page: { limit: number; from?: string | undefined }): Promise<MemoryPage>;
  /** Counts one more use, at a moment, of memories that were not used since then; unknown ids are passed over. */
  touch(collection: MemoryCollection, embedder: string, used: { ids: readonly string[]; at: number }): Promise<void>;
}

export type NewMessage = MessageRef & {
  readonly text: string;
  readonly options?: MessageOptions;
  readonly createdAt: number;
};

/** `after` names the message before this one in its conversation if that one was still pending when this one came. */
export type Acceptance =
  | { readonly kind: 'accepted'; readonly seq: number; readonly after?: MessageKey }
  | { readonly kind: 'existing'; readonly record: MessageRecord; readonly after?: MessageKey }
  | { readonly kind: 'conflict' };

/**
 * Conversations and their messages. Fails with STORE_UNAVAILABLE or STORE_FULL; what a resolved call stored survives a crash.
 */
export interface ConversationStore extends Probe {
  /** Gives the message its place. The same key, text and options again is `existing`, the same key with others `conflict`. */
  accept(message: NewMessage): Promise<Acceptance>;
  message(ref: MessageRef): Promise<MessageRecord | undefined>;
  /** Keeps what a later step needs of this message (assembled memory), for an hour. */
  saveContext(ref: MessageRef, context: string): Promise<void>;
  context(ref: MessageRef): Promise<string | undefined>;
  /** Keeps the text so far, so that a stop or failure loses nothing. */
  saveDraft(ref: MessageRef, draft: string): Promise<void>;
  /** Ends a message and publishes `done` in one step. Only the first call counts; tells whether this was it. An outcome without reply takes the draft. */
  settle(ref: MessageRef, outcome: MessageOutcome, finishedAt: number): Promise<boolean>;
  /** The newest answered messages before `seq`, oldest first. */
  recent(conversation: ConversationId, before: { seq: number; limit: number }): Promise<MessageRecord[]>;
  /** Newest first. */
  conversations(page: { limit: number; offset: number }): Promise<ConversationSummary[]>;
  /** Oldest first; undefined for an unknown conversation. */
  conversation(id: ConversationId, page: { limit: number; offset: number }): Promise<MessageRecord[] | undefined>;
}

/** One event with its place in the stream; `id` goes into `Last-Event-ID`. */
export type StreamEntry = { readonly id: string; readonly event: StreamEvent };

/** Live events of one message. Streams end with `done` and vanish ten minutes later. */
export interface TokenStream {
  append(ref: MessageRef, event: StreamEvent): Promise<void>;
  /** Everything after `lastId` (from the start when absent), then what comes, until `done` or the signal. */
  follow(ref: MessageRef, options: { lastId?: string; signal: AbortSignal }): AsyncIterable<StreamEntry>;
}

/** Structured log lines of all processes, newest kept. Never fails a caller. */
export interface LogStream {
  append(line: LogLine): void;
  /** The newest `backfill` lines that pass, oldest first, then what comes, until the signal. */
  follow(options: {
    backfill: number;
    accepts: (line: LogLine) => boolean;
    signal: AbortSignal;
  }): AsyncIterable<LogLine>;
}

/** Whether Talos is locked down. Durable; when it cannot be told, reading fails with STORE_UNAVAILABLE (never "open"). */
export interface LockdownStore {
  state(): Promise<LockdownState>;
  /** Takes hold at once on this host, even with every engine down. Locking twice keeps the first reason and time. */
  lock(order: { reason: string; by: string; at: number }): Promise<LockdownState>;
  unlock(): Promise<void>;
}

/** Counts critical firewall hits; three within ten minutes put a conversation on hold for an hour. */
export interface HoldStore {
  /** Milliseconds since 1970 until when the conversation is on hold, or undefined. */
  heldUntil(conversation: ConversationId): Promise<number | undefined>;
  /** `at` is when the message came. The same message counts once, however often it is screened. */
  recordCriticalHit(message: MessageRef, at: number): Promise<void>;
  release(conversation: ConversationId): Promise<void>;
}

/** Tier 1: append-only, hash-chained, signed. Resolves after fsync; fails with AUDIT_UNAVAILABLE, and then the effect must not happen. */
export interface AuditLog {
  append(event: AuditEvent): Promise<AuditReceipt>;
  /** For a step that is repeated: appends unless the same event is on record, by any process, since a moment in ms since 1970. */
  appendOnce(event: AuditEvent, since: number): Promise<void>;
  close(): Promise<void>;
}

/** What starts and stops workflows. Fails with RUNTIME_UNAVAILABLE. */
export interface AgentRuntime extends Probe {
  /** Starts the workflow of an accepted message; a second start of the same message is the same run. */
  startMessage(start: MessageRef & { after?: MessageKey; summary: string }): Promise<void>;
  /** Asks a message to stop; false when no such message runs. */
  stopMessage(ref: MessageRef): Promise<boolean>;
  /** Tells a message what the owner decided on one of its calls; false when no such message runs. */
  decideCall(ref: MessageRef, decision: CallDecision): Promise<boolean>;
  /** Tells a message whether it may go to the cloud; false when no such message runs. */
  decideCloud(ref: MessageRef, decision: CloudDecision): Promise<boolean>;
  /** Whether the workflow of a message still runs, ended without settling it, or was never started. */
  messageRun(ref: MessageRef): Promise<'running' | 'ended' | 'unknown'>;
  /** Cancels every running message, every running skill and the nightly maintenance; returns how many. */
  cancelMessages(): Promise<number>;
  /** Starts the `lockdown` workflow that stops what runs and waits for the unlock. */
  startLockdown(order: { reason: string; by: string }): Promise<void>;
  endLockdown(by: string): Promise<void>;
}

/** Codes that prove the owner's consent out of band. The code itself only ever reaches the delivery. */
export interface ApprovalCodes {
  /**
   * Makes a code and delivers it; one that was open for the same action and subject is void. Fails with APPROVAL_LOCKED, and with
   * APPROVAL_UNDELIVERED when no way to the owner took it.
   */
  request(request: ApprovalRequest): Promise<ApprovalTicket>;
  /** One guess; the right one uses the code up. */
  redeem(attempt: ApprovalAttempt): Promise<Redemption>;
  /** The requests whose codes count now, oldest first. */
  open(): Promise<OpenApproval[]>;
}

/** A way by which codes reach the owner and nobody else. */
export interface CodeDelivery {
  /** For logs, such as `terminal`. */
  readonly name: string;
  deliver(code: DeliveredCode): Promise<void>;
}

/** Holds codes for the owner at this host, in the memory of this process alone. */
export interface CodeBox extends CodeDelivery {
  /** What was delivered and has not expired, oldest first. */
  codes(): readonly DeliveredCode[];
}

/** Brings the built-in test models into the model server, so that a machine without any model is not mute. Doing it twice is free. */
export interface TestModels {
  install(signal: AbortSignal): Promise<void>;
}

/** SHA-256 of a text as lower-case hex: what the audit log holds in place of texts. */
export type TextHasher = (text: string) => string;

export type { Logger } from './log.ts';

/** Everything the core stands on, wired by a composition root. */
export type Ports = {
  readonly conversations: ConversationStore;
  readonly tokens: TokenStream;
  readonly logs: LogStream;
  readonly lockdown: LockdownStore;
  readonly holds: HoldStore;
  readonly vectors: VectorStore;
  readonly images: ImageStore;
  readonly model: LanguageModel;
  readonly cloud: CloudModel;
  readonly awaitedClouds: AwaitedClouds;
  readonly embedder: Embedder;
  readonly testModels: TestModels;
  readonly audit: AuditLog;
  readonly runtime: AgentRuntime;
  readonly logger: Logger;
  readonly hashText: TextHasher;
};

/** What the owner may do on this host without the API, even with engines down: nothing here connects before it is used. */
export type OwnerPorts = Pick<Ports, 'lockdown' | 'holds' | 'audit' | 'runtime'> & { close(): Promise<void> };
