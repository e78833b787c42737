import type { NightReport, ReportSummary, ReportView } from './report.ts';
import type { NightProgress, NightRun, NightRunId, NightView, NightWhen, Phase, PhaseOutcome } from './run.ts';

/** What a phase gets: the signal that ends it, and how to tell of its progress. */
export type PhaseContext = {
  readonly signal: AbortSignal;
  /** One line for whoever follows; the newest one counts. */
  readonly tell: (line: string) => void;
};

/**
 * One phase of the nightly maintenance. Repeating it does no harm. It checks the signal between two small steps, and once that is
 * aborted it has three seconds to return what it did so far; then it is left to itself.
 */
export type PhaseWork = (context: PhaseContext) => Promise<PhaseOutcome>;

/** All phases by name. */
export type NightWork = Readonly<Record<Phase, PhaseWork>>;

/** Whether a run may go on. `ended`: it is known already, with how it ended. `overlap`: another one goes on. */
export type NightBegin =
  | { readonly kind: 'begun' }
  | { readonly kind: 'ended'; readonly run: NightRun }
  | { readonly kind: 'overlap'; readonly running: NightRunId };

/** What is known of runs of the nightly maintenance; the oldest are forgotten. Fails with STORE_UNAVAILABLE or STORE_FULL. */
export interface NightRuns {
  /** Takes the one place there is, unless a run holds it that counts as over only after `at`. Beginning twice is the same. */
  begin(run: NightRun, times: { at: number; overAt: number }): Promise<NightBegin>;
  /** Keeps a run, begun or not; one that has ended gives the place back and stays as it is. Tells whether it was kept. */
  save(run: NightRun): Promise<boolean>;
  /** Shows the newest line of the run that goes on. */
  tell(id: NightRunId, progress: NightProgress): Promise<void>;
  get(id: NightRunId): Promise<NightView | undefined>;
  /** Those due or asked for since a moment, newest first. */
  list(range: { since: number; limit: number }): Promise<NightRun[]>;
  /** The run that holds the place, and when it counts as over. */
  goingOn(): Promise<{ id: NightRunId; overAt: number } | undefined>;
  /** The run whenever it changes, until it has ended or the signal comes; nothing before it is known. */
  follow(id: NightRunId, signal: AbortSignal): AsyncIterable<NightView>;
  /** Until when it is known what came of every due time (0: nothing is known), and the due times after that of which it is known. */
  accounted(): Promise<{ until: number; known: number[] }>;
  /** Records due times nobody began, unless something is known of them, and until when everything is known now. */
  account(news: { until: number; missed: readonly NightRun[] }): Promise<void>;
  /** After the clock was ahead: forgets times after `now` that were told as missed, and that more than `until` is known. */
  rewind(back: { until: number; now: number }): Promise<void>;
}

/** How the schedule stands; while it is paused nothing comes of the next times. */
export type NightTiming = { readonly when: NightWhen; readonly paused: boolean; readonly next: readonly number[] };

/** What makes the nightly maintenance come due. Fails with RUNTIME_UNAVAILABLE. */
export interface NightClock {
  /** When it is to be due by the configuration of this process. */
  readonly wanted: NightWhen;
  /** A due run may start this much late. */
  readonly catchUpMs: number;
  /** Keeps it coming due as wanted; doing it twice is the same, and a pause stays. */
  set(): Promise<void>;
  /** As `set`, from nothing: whatever was taken for done is due again. A pause stays. */
  renew(): Promise<void>;
  /** Undefined when nothing is kept. */
  timing(): Promise<NightTiming | undefined>;
  /** Every time from after the first moment up to the second at which it is due as it is kept. */
  dueTimes(range: { after: number; until: number }): Promise<number[]>;
}

/** What starts and ends runs. Fails with RUNTIME_UNAVAILABLE. */
export interface NightRuntime {
  /** Starts a run now; a second start of the same id is the same run. */
  start(id: NightRunId): Promise<void>;
  /** Asks a run to end; false when no such one goes on. */
  cancel(id: NightRunId): Promise<boolean>;
  /** Whether the workflow of a run goes on, has ended, or was never started. */
  state(id: NightRunId): Promise<'running' | 'ended' | 'unknown'>;
}

/** Writes what people read in the morning. */
export interface NightReports {
  /** `run` has ended: it ran, failed or was skipped. Writing it twice is the same. */
  write(run: NightRun): Promise<void>;
}

/**
 * Reports as they are kept, each signed with the node key. What was changed since is told as such, never as a report. Fails with
 * REPORTS_UNAVAILABLE.
 */
export interface ReportStore {
  /** Signs and keeps a report; the first one of a run stays. Gives the SHA-256 of what is kept, as hex. */
  write(report: NightReport): Promise<string>;
  get(id: NightRunId): Promise<ReportView | undefined>;
  /** The one that was written last. */
  latest(): Promise<ReportView | undefined>;
  /** Newest first. */
  list(): Promise<ReportSummary[]>;
}

/** Reports for whoever only reads them. */
export type ReportReader = Pick<ReportStore, 'get' | 'latest' | 'list'>;

/** What the steps of the nightly maintenance stand on. */
export type NightPorts = {
  readonly nightRuns: NightRuns;
  readonly nightClock: NightClock;
  readonly nightWork: NightWork;
  /** Absent where nobody writes reports. */
  readonly nightReports?: NightReports;
};
