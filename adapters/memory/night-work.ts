import { phaseNames } from '../../domain/night/phases.ts';
import type { NightWork, PhaseContext } from '../../domain/night/ports.ts';
import type { Phase, PhaseOutcome } from '../../domain/night/run.ts';

/** What stands in for a phase; undefined is the honest outcome. */
export type PhaseScript = (phase: Phase, context: PhaseContext) => Promise<PhaseOutcome | undefined>;

/** Phases that do nothing but what a script says. */
export type MemoryNightWork = NightWork & {
  /** From now on phases go like this. */
  follow(script: PhaseScript): void;
  /** The phases that were begun, in order. */
  begun(): readonly Phase[];
};

/** Phases of a test. */
export function createMemoryNightWork(): MemoryNightWork {
  const begun: Phase[] = [];
  let script: PhaseScript = async () => undefined;
  const workOf = (phase: Phase) => async (context: PhaseContext) => {
    begun.push(phase);
    context.tell(`${phase} begins`);
    return (await script(phase, context)) ?? { counts: {}, notes: [] };
  };
  const [redis, memory, logs, zombies, health] = phaseNames;
  return {
    redis: workOf(redis),
    memory: workOf(memory),
    logs: workOf(logs),
    zombies: workOf(zombies),
    health: workOf(health),
    follow(next) {
      script = next;
    },
    begun: () => [...begun],
  };
}
