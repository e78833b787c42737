import type { MessageRef } from '../chat.ts';
import type { EgressAttempt, SandboxProof, SandboxReport, SandboxRequest } from '../sandbox/run.ts';
import type { JsonValue } from '../json.ts';
import type { BundleFiles, SkillBundle } from './bundle.ts';
import type { CaseJudgement, EvalCase } from './cases.ts';
import type { Benefit, CertificateBody, PromotionCertificate } from './certificate.ts';
import type { SkillLife } from './life.ts';
import type { BundleHash, SkillId, SkillManifest } from './manifest.ts';
import type { DraftKey, NewDraft, SkillDraft } from './draft.ts';
import type { AwaitedCall } from './steps.ts';
import type { ToolRound } from './tool-rounds.ts';
import type { NewSkillRun, RunKey, SkillRunRecord, SkillRunRef, SkillRunResult, SkillRunSummary } from './run.ts';
import type { DueRun } from './due-run.ts';
import type { FileDiff } from './file-diff.ts';
import type { KeptSchedule, ScheduleRef, SkillSchedule } from './schedule.ts';
import type { Unreadable } from './unreadable.ts';

/** What a running skill may ask of the host; everything else it asks is denied. One for each run. */
export interface SkillPowers {
  /** Answers one brokered call; fails with PERMISSION_DENIED, and then nothing has left the machine. */
  call(power: 'fetch' | 'memory' | 'tool' | 'folder', input: JsonValue, signal: AbortSignal): Promise<JsonValue>;
  /** Every try to reach a host so far. */
  egress(): readonly EgressAttempt[];
}

/** Makes the powers of one run from what its manifest names and the owner granted. */
export type SkillPowersFactory = (run: { runId: string; manifest: SkillManifest }) => SkillPowers;

/**
 * Runs skills, each once in a sandbox of its own that is gone afterwards with everything it started. How a skill fails is a verdict;
 * only SANDBOX_UNAVAILABLE (not proven, so nothing runs) and SANDBOX_FAILED (this sandbox broke; try again) are errors.
 */
export interface Sandbox {
  /** Puts containment to the test once per process; until it has held, `run` refuses. Fails with SANDBOX_UNAVAILABLE and the fix. */
  prove(signal: AbortSignal): Promise<SandboxProof>;
  run(request: SandboxRequest, powers: SkillPowers, signal: AbortSignal): Promise<SandboxReport>;
  close(): Promise<void>;
}

/** Where a version of a skill lies; the owner sees the same word as a folder. */
export type SkillShelf = 'quarantine' | 'active' | 'deprecated';

/**
 * Skills as folders of this home. Reading checks everything again: a changed byte fails with SKILL_CHANGED. An id or hash that is none
 * fails with VALIDATION_FAILED, a disk that does with SKILLS_UNAVAILABLE.
 */
export interface SkillStore {
  /** Keeps a version, in quarantine unless it is there already; a damaged copy is mended where it lies. */
  put(bundle: SkillBundle): Promise<void>;
  /** Fails with NOT_FOUND, SKILL_CHANGED. */
  load(id: SkillId, hash: BundleHash): Promise<SkillBundle>;
  /** Moves a version to a shelf, in one step; repeating it changes nothing. */
  place(id: SkillId, hash: BundleHash, shelf: SkillShelf): Promise<void>;
  /** Removes a version that quarantine did not take; one that lies on another shelf, or nowhere, stays as it is. */
  discard(id: SkillId, hash: BundleHash): Promise<void>;
  /** Keeps the certificate beside the version it is for. */
  saveCertificate(certificate: PromotionCertificate): Promise<void>;
  /** Checked anew each time: one that was changed, or that this node did not sign, fails with SKILL_CHANGED. */
  certificate(id: SkillId, hash: BundleHash): Promise<PromotionCertificate | undefined>;
}

/**
 * Skills as they come in from outside and go out again. What comes in is read and checked, and fails with SKILL_INVALID, NOT_FOUND or
 * VALIDATION_FAILED; a certificate that came along says nothing here, as every skill is tested anew.
 */
export interface SkillBundles {
  fromFiles(files: BundleFiles): SkillBundle;
  fromArchive(archive: Uint8Array): Promise<SkillBundle>;
  /** From a folder or an archive of this machine. */
  fromPath(path: string): Promise<SkillBundle>;
  fromRepository(url: string, signal: AbortSignal): Promise<SkillBundle>;
  /** A zip archive, with the certificate beside the files. */
  toArchive(bundle: SkillBundle, certificate?: PromotionCertificate): Uint8Array;
  /** How the files of two versions differ, by path. */
  diffFiles(before: BundleFiles, after: BundleFiles): FileDiff[];
}

/** The lives of all skills, for lists and look-ups: a copy of what each `skillLife` workflow knows. Fails with STORE_UNAVAILABLE. */
export interface SkillCatalog {
  /**
   * Tells that a change is about to be published, before anybody hears of it. Gives the moment at which that was told before, by an
   * attempt that may have come to anything; undefined for the first.
   */
  announce(change: {
    readonly id: SkillId;
    readonly changes: number;
    readonly at: number;
  }): Promise<number | undefined>;
  /** Keeps a life unless a later one of the same skill is kept. */
  put(life: SkillLife): Promise<void>;
  get(id: SkillId): Promise<SkillLife | undefined>;
  /** By id, without those that cannot be read. */
  list(): Promise<SkillLife[]>;
  /** The lives that are kept and cannot be read, by id. */
  unreadable(): Promise<Unreadable[]>;
  /** What skills ran on when that was kept last; undefined before the first time. */
  ground(): Promise<string | undefined>;
  keepGround(ground: string): Promise<void>;
}

/** `existing`: the same key with the same input. */
export type RunAcceptance =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'existing'; readonly record: SkillRunRecord }
  | { readonly kind: 'conflict' };

/** Runs of skills with what they were given and what they gave. Fails with STORE_UNAVAILABLE or STORE_FULL. */
export interface SkillRuns {
  /** Gives a run its place. Beyond the newest 200 of a skill the oldest finished ones go. */
  accept(run: NewSkillRun): Promise<RunAcceptance>;
  run(ref: SkillRunRef): Promise<SkillRunRecord | undefined>;
  /** Ends a run. Only the first call counts; tells whether this was it. */
  settle(ref: SkillRunRef, result: SkillRunResult, output?: JsonValue): Promise<boolean>;
  /** Resolves once the run is settled, or with the signal. */
  settled(ref: SkillRunRef, signal: AbortSignal): Promise<void>;
  /** Newest first. */
  list(skill: SkillId, page: { limit: number; offset: number; failedOnly: boolean }): Promise<SkillRunSummary[]>;
}

/** What models asked of skills in the course of messages; a message may wait for the owner, so it is kept nine days. */
export interface ToolRounds {
  /** Keeps the round of a message at its place, from 0. */
  save(ref: MessageRef, place: number, round: ToolRound): Promise<void>;
  list(ref: MessageRef): Promise<ToolRound[]>;
}

/** Calls of skills that wait for the owner. */
export interface AwaitedCalls {
  /** Adds a call; one that waits already stays as it is. */
  add(call: AwaitedCall): Promise<void>;
  remove(call: Pick<AwaitedCall, 'message' | 'call'>): Promise<void>;
  /** Oldest first. */
  list(): Promise<AwaitedCall[]>;
}

/** Skills being written by the model; each is kept for a week after its last change. */
export interface SkillDrafts {
  /** Keeps a new draft; the draft itself where the key is known already. */
  begin(draft: NewDraft): Promise<SkillDraft>;
  get(key: DraftKey): Promise<SkillDraft | undefined>;
  save(draft: SkillDraft): Promise<void>;
}

/** `begun`: also when it was begun before and has not ended. */
export type DueRunBegin =
  | { readonly kind: 'begun' }
  | { readonly kind: 'ended'; readonly run: DueRun }
  | { readonly kind: 'overlap'; readonly running: RunKey }
  | { readonly kind: 'removed' };

/**
 * Schedules of skills with their inputs, and what came of every time they were due. Nothing of it ends by itself. Fails with
 * STORE_UNAVAILABLE or STORE_FULL.
 */
export interface SkillSchedules {
  /** Keeps a schedule, in place of the one of this name; its due runs stay. False when there are too many. */
  put(schedule: KeptSchedule): Promise<boolean>;
  get(ref: ScheduleRef): Promise<KeptSchedule | undefined>;
  /** By skill and name, without those that cannot be read. */
  list(skill?: SkillId): Promise<SkillSchedule[]>;
  /** The schedules that are kept and cannot be read, by skill and name. */
  unreadable(skill?: SkillId): Promise<Unreadable[]>;
  /** With its due runs; tells whether it was there. */
  remove(ref: ScheduleRef): Promise<boolean>;
  /** Begins a due run unless another one of the schedule goes on; one begun `longestDueRunMs` ago counts as over. */
  begin(ref: ScheduleRef, run: Pick<DueRun, 'key' | 'dueAt'>, at: number): Promise<DueRunBegin>;
  dueRun(ref: ScheduleRef, key: RunKey): Promise<DueRun | undefined>;
  /** Ends a due run, begun or not. Only the first call counts; tells whether this was it. */
  end(ref: ScheduleRef, run: DueRun): Promise<boolean>;
  /** The last ones, newest first. */
  dueRuns(ref: ScheduleRef): Promise<DueRun[]>;
  /** Until when it is known what came of every due time, and the due times after that of which it is known as well. */
  accounted(ref: ScheduleRef): Promise<{ until: number; known: number[] }>;
  /** Records due runs nobody began, unless something is known of them, and until when everything is known now. */
  account(ref: ScheduleRef, news: { until: number; missed: readonly DueRun[] }): Promise<void>;
  /** After the clock was ahead: forgets times after `now` that were told as missed, and that more than `until` is known. */
  rewind(ref: ScheduleRef, back: { until: number; now: number }): Promise<void>;
}

/** The next times at which a schedule is due, soonest first; while it is paused nothing comes of them. */
export type ScheduleTiming = { readonly paused: boolean; readonly next: readonly number[] };

/** What makes schedules come due. Fails with RUNTIME_UNAVAILABLE. */
export interface ScheduleClock {
  /** Keeps a schedule coming due, paused or not; doing it twice is the same. Fails with VALIDATION_FAILED for times it cannot keep. */
  set(schedule: SkillSchedule): Promise<void>;
  remove(ref: ScheduleRef): Promise<void>;
  /** Undefined for a schedule it does not keep. */
  timing(ref: ScheduleRef): Promise<ScheduleTiming | undefined>;
  /** Every time from after the first moment up to the second at which a schedule it keeps is due by its rule. */
  dueTimes(ref: ScheduleRef, range: { after: number; until: number }): Promise<number[]>;
}

/** What the life and the runs of skills ask of the skill format; pure, but for the model. */
export type SkillRules = {
  /** Checks the files of a skill; fails with SKILL_INVALID, which names everything that is wrong. */
  readonly readBundle: (files: BundleFiles) => SkillBundle;
  readonly checkInput: (bundle: SkillBundle, value: JsonValue) => CaseJudgement;
  readonly checkOutput: (bundle: SkillBundle, value: JsonValue) => CaseJudgement;
  readonly judgeCase: (evalCase: EvalCase, output: JsonValue) => CaseJudgement;
  /** What a look at the code finds, for the owner; one short line each. */
  readonly scanBundle: (bundle: SkillBundle) => string[];
  /** Whether the newer of two versions may do or use anything the older one may not. */
  readonly asksForMore: (before: SkillManifest, after: SkillManifest) => boolean;
  /** SHA-256 of the canonical JSON (RFC 8785) of a value. */
  readonly hashJson: (value: JsonValue) => string;
  readonly signCertificate: (body: CertificateBody) => PromotionCertificate;
  /** How many of the cases the model alone gets right; undefined where there is no model or no prompt to ask it. */
  readonly answerAlone: (
    bundle: SkillBundle,
    cases: readonly EvalCase[],
    signal: AbortSignal,
  ) => Promise<{ passed: number; model: string } | undefined>;
};

/** What the owner tells a skill's life. `by` is who. */
export type SkillOrder = { readonly id: SkillId; readonly by: string };

/** The owner's consent to one exact version. `approval` is the id of the code that was redeemed, never the code. */
export type SkillApproval = SkillOrder & {
  readonly hash: BundleHash;
  readonly approval: string;
  /** Why it is promoted although the model alone did better. */
  readonly override?: string;
};

/** What is measured, and under which key. */
export type MeasureOrder = { readonly id: SkillId; readonly hash: BundleHash; readonly key: RunKey };

/** How much a version helps; without a benefit there is no model or no prompt to compare with. */
export type Measurement =
  | { readonly state: 'pending' }
  | { readonly state: 'measured'; readonly benefit?: Benefit | undefined };

/**
 * Lives and runs of skills. Every change resolves once it is audited and in the catalogue. Fails with RUNTIME_UNAVAILABLE, NOT_FOUND,
 * SKILL_NOT_READY and SKILL_CHANGED.
 */
export interface SkillRuntime {
  /**
   * Puts a version that the skill store holds into quarantine; doing it twice is the same. With `over` only while that version is in use,
   * null for none, and no other is under test. Also fails with SKILL_INVALID.
   */
  submit(order: SkillOrder & { readonly hash: BundleHash; readonly over?: BundleHash | null }): Promise<SkillLife>;
  approve(approval: SkillApproval): Promise<SkillLife>;
  reject(order: SkillOrder & { readonly hash: BundleHash; readonly reason: string }): Promise<SkillLife>;
  /** With `hash` only while that version is in use. */
  deprecate(order: SkillOrder & { readonly reason: string; readonly hash?: BundleHash }): Promise<SkillLife>;
  /** Puts a former version into quarantine again. */
  restore(order: SkillOrder & { readonly hash: BundleHash; readonly reason: string }): Promise<SkillLife>;
  /** Tells that something a skill needs has changed: a version its faults deprecated is tested again. */
  retest(order: SkillOrder & { readonly reason: string }): Promise<SkillLife>;
  /** Starts the life of a skill the catalogue knows from what is known there, unless it goes on anyway. */
  goOn(id: SkillId): Promise<void>;
  /** What the life itself says; needs a core worker. */
  life(id: SkillId): Promise<SkillLife | undefined>;
  /**
   * Runs the cases of a version with the skill and by the model alone. The same key of a version is the same measurement; it goes on when
   * the signal comes first.
   */
  measure(order: MeasureOrder, signal: AbortSignal): Promise<Measurement>;
  /** Lets the model write a draft that was begun; a second start is the same. */
  startDraft(key: DraftKey): Promise<void>;
  /** Whether a draft goes on, has ended, or was never started. */
  draftState(key: DraftKey): Promise<'running' | 'ended' | 'unknown'>;
  /** Starts an accepted run; a second start is the same run. Priority 1 is chat, 3 quarantine, 5 night work. */
  startRun(start: SkillRunRef & { readonly priority: 1 | 3 | 5; readonly summary: string }): Promise<void>;
  /** Resolves when a started run has ended, however; false when the signal came first. */
  waitForRun(ref: SkillRunRef, signal: AbortSignal): Promise<boolean>;
  /** Whether a run goes on, has ended, or was never started. */
  runState(ref: SkillRunRef): Promise<'running' | 'ended' | 'unknown'>;
  /** Asks a run to stop; false when no such run runs. */
  cancelRun(ref: SkillRunRef): Promise<boolean>;
}

/** What the life and the runs of skills stand on. Without a sandbox no skill runs, everything else does. */
export type SkillPorts = {
  readonly skills: SkillStore;
  readonly catalog: SkillCatalog;
  readonly skillRuns: SkillRuns;
  readonly toolRounds: ToolRounds;
  readonly awaitedCalls: AwaitedCalls;
  readonly drafts: SkillDrafts;
  readonly skillRuntime: Pick<SkillRuntime, 'submit'>;
  readonly schedules: SkillSchedules;
  readonly scheduleClock: ScheduleClock;
  readonly skillRules: SkillRules;
  readonly powersFor: SkillPowersFactory;
  readonly sandbox?: Sandbox;
};
