import { CancelledFailure } from '@temporalio/activity';

import { TalosError } from '../domain/errors.ts';
import { refuseWhenLocked } from '../domain/lockdown/refuse.ts';
import type { NightRuns, NightWork } from '../domain/night/ports.ts';
import { type NightProgress, type NightRunId, type Phase, PhaseOutcome } from '../domain/night/run.ts';
import type { LockdownStore } from '../domain/ports.ts';
import { abortReason, withHeartbeat } from './heartbeat.ts';

/** What a phase came to; `isCutShort` when it was ended before it was done. */
export type PhaseEnd = { readonly outcome: PhaseOutcome; readonly isCutShort: boolean };

type Deps = { readonly nightRuns: NightRuns; readonly nightWork: NightWork; readonly lockdown: LockdownStore };

/** What a phase that was ended may still take to tell what it did. */
const lastWordMs = 3000;

/** What is kept of the notes and lines of a phase. */
const longestText = 300;
const mostNotes = 50;

/**
 * Runs one phase with a heartbeat and shows the newest line it told. A stop and a lockdown end it; when it does not heed that, nobody
 * waits for it any longer.
 */
export async function runNightPhase(deps: Deps, { id, phase }: { id: NightRunId; phase: Phase }): Promise<PhaseEnd> {
  const lines = createLines(phase, (progress) => deps.nightRuns.tell(id, progress));
  return withHeartbeat(
    async (signal) => {
      await refuseWhenLocked(deps.lockdown);
      const work = deps.nightWork[phase]({ signal, tell: lines.tell });
      const outcome = await untilLastWord(work, signal);
      if (signal.aborted) leaveUnlessCancelled(signal);
      return { outcome: recordable(outcome), isCutShort: signal.aborted };
    },
    async () => {
      await Promise.all([lines.show(), refuseWhenLocked(deps.lockdown)]);
    },
    lines.newest,
  );
}

function createLines(phase: Phase, show: (progress: NightProgress) => Promise<void>) {
  let line: string | undefined;
  let shown: string | undefined;
  return {
    tell: (text: string): void => {
      line = text.slice(0, longestText).toWellFormed();
    },
    newest: (): string | undefined => line,
    async show(): Promise<void> {
      if (line === undefined || line === shown) return;
      shown = line;
      await show({ phase, line }).catch(() => undefined); // the work goes on although nobody can be shown how far it is
    },
  };
}

/** The outcome of the work; once it is to end it has a moment for its last word. */
async function untilLastWord(work: Promise<PhaseOutcome>, signal: AbortSignal): Promise<PhaseOutcome> {
  const tooLate = Promise.withResolvers<never>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const startTimer = (): void => {
    timer = setTimeout(() => tooLate.reject(abortReason(signal)), lastWordMs);
  };
  if (signal.aborted) startTimer();
  else signal.addEventListener('abort', startTimer, { once: true });
  try {
    return await Promise.race([work, tooLate.promise]);
  } catch (thrown) {
    throw signal.aborted ? abortReason(signal) : thrown;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', startTimer);
  }
}

/** What a stop cut short is told; a worker that shuts down hands the phase to the next one, and a lockdown ends it. */
function leaveUnlessCancelled(signal: AbortSignal): void {
  const reason = abortReason(signal);
  if (!(reason instanceof CancelledFailure)) throw reason;
}

/** As much as a record holds. What no record takes fails its phase here, and not the record of the whole run. */
function recordable({ notes, ...rest }: PhaseOutcome): PhaseOutcome {
  const cut = notes.slice(0, mostNotes).map((note) => note.slice(0, longestText).toWellFormed());
  const checked = PhaseOutcome.safeParse({ ...rest, notes: cut });
  if (checked.success) return checked.data;
  throw new TalosError('INTERNAL', 'The phase told what cannot be recorded.', { cause: checked.error });
}
