import type { AgentRuntime } from '../domain/ports.ts';

/** What a lockdown does to running work. */
export function createLockdownActivities(deps: { runtime: AgentRuntime }) {
  return {
    /** Cancels every running message; returns how many. */
    async cancelMessages(): Promise<number> {
      return deps.runtime.cancelMessages();
    },
  };
}
