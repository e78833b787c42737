import type { PhaseContext, PhaseWork } from './ports.ts';
import type { PhaseOutcome } from './run.ts';

/** What a phase has done so far. */
export type Tally = {
  add(what: string, count?: number): void;
  /** Something people should read; the same is said once. */
  note(text: string): void;
  outcome(): PhaseOutcome;
};

/** So much is kept of the notes of a phase. */
const mostNotes = 50;
const longestNote = 300;

/** Nothing done yet. */
export function createTally(): Tally {
  const counts: Record<string, number> = {};
  const notes = new Set<string>();
  return {
    add(what, count = 1) {
      counts[what] = (counts[what] ?? 0) + count;
    },
    note(text) {
      if (notes.size < mostNotes) notes.add(text.slice(0, longestNote).toWellFormed());
    },
    outcome: () => ({ counts: { ...counts }, notes: [...notes] }),
  };
}

/** A phase of steps that throw the reason of the signal between them; ended so, it tells what it did until then. */
export function phaseOf(run: (context: PhaseContext, tally: Tally) => Promise<void>): PhaseWork {
  return async (context) => {
    const tally = createTally();
    try {
      context.signal.throwIfAborted();
      await run(context, tally);
    } catch (thrown) {
      if (!context.signal.aborted || thrown !== context.signal.reason) throw thrown;
    }
    return tally.outcome();
  };
}
