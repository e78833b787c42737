import type { NightRun, NightRunId, Phase, PhaseOutcome } from './run.ts';

/** What a phase gets: the signal that ends it, and how to tell of its progress. */
export type PhaseContext = {
  readonly signal: AbortSignal;
  /** One line for whoever follows; it counts as a sign of life. */
  tell(line: string): void;
};

/** One phase of the nightly maintenance. Repeating it does no harm; it checks the signal between two small steps. */
export type PhaseWork = (context: PhaseContext) => Promise<PhaseOutcome>;

/** All phases by name. */
export type NightWork = Readonly<Record<Phase, PhaseWork>>;

/** What is known of runs of the nightly maintenance. Fails with STORE_UNAVAILABLE or STORE_FULL. */
export interface NightRuns {
  save(run: NightRun): Promise<void>;
  get(id: NightRunId): Promise<NightRun | undefined>;
  /** Newest first. */
  list(range: { since: number; limit: number }): Promise<NightRun[]>;
}
