import { messageId, type MessageRef } from '../../domain/chat.ts';
import { TalosError } from '../../domain/errors.ts';
import type { AgentRuntime } from '../../domain/ports.ts';
import type { CloudDecision } from '../../domain/routing/departure.ts';
import type { CallDecision } from '../../domain/skills/steps.ts';

/** What runs in place of the `message` workflow; it settles the message, or ends without. The signal aborts when it is stopped. */
export type MessageScript = (ref: MessageRef, signal: AbortSignal) => Promise<void>;

type Run = { readonly stop: AbortController; state: 'running' | 'ended' };
type StartMessage = Parameters<AgentRuntime['startMessage']>[0];

/** The runtime of a test: shows what was started, and can be told to be away. */
export type MemoryAgentRuntime = AgentRuntime & {
  /** Every start that began a run, in order. */
  started(): readonly StartMessage[];
  /** What running messages were told of their calls. */
  decisions(): readonly (MessageRef & CallDecision)[];
  /** What running messages were told of going to the cloud. */
  cloudDecisions(): readonly (MessageRef & CloudDecision)[];
  /** The lockdown that is on. */
  lockdown(): { reason: string; by: string } | undefined;
  /** Whether every call fails with RUNTIME_UNAVAILABLE from now on. */
  refuse(isRefusing: boolean): void;
};

/** In-memory twin of the runtime: a started message runs the script. */
export function createMemoryAgentRuntime(script: MessageScript): MemoryAgentRuntime {
  const runs = new Map<string, Run>();
  const started: StartMessage[] = [];
  const decisions: (MessageRef & CallDecision)[] = [];
  const cloudDecisions: (MessageRef & CloudDecision)[] = [];
  let lockdown: { reason: string; by: string } | undefined;
  let isRefusing = false;

  function reach(): void {
    if (isRefusing) throw new TalosError('RUNTIME_UNAVAILABLE', 'The runtime was told to refuse.');
  }

  function begin(start: StartMessage): void {
    const run: Run = { stop: new AbortController(), state: 'running' };
    runs.set(messageId(start), run);
    started.push(start);
    const end = (): void => void (run.state = 'ended');
    script({ conversation: start.conversation, key: start.key }, run.stop.signal).then(end, end);
  }

  async function hear(ref: MessageRef, note: () => void): Promise<boolean> {
    reach();
    const isRunning = runs.get(messageId(ref))?.state === 'running';
    if (isRunning) note();
    return isRunning;
  }

  return {
    async ping() {
      reach();
    },

    async startMessage(start) {
      reach();
      if (!runs.has(messageId(start))) begin(start);
    },

    async stopMessage(ref) {
      reach();
      return stop(runs.get(messageId(ref)));
    },

    decideCall: (ref, decision) => hear(ref, () => decisions.push({ ...ref, ...decision })),
    decideCloud: (ref, decision) => hear(ref, () => cloudDecisions.push({ ...ref, ...decision })),

    async messageRun(ref) {
      reach();
      return runs.get(messageId(ref))?.state ?? 'unknown';
    },

    async cancelMessages() {
      reach();
      return [...runs.values()].filter(stop).length;
    },
    async startLockdown(order) {
      reach();
      lockdown ??= order;
    },
    async endLockdown() {
      reach();
      lockdown = undefined;
    },
    started: () => [...started],
    decisions: () => [...decisions],
    cloudDecisions: () => [...cloudDecisions],
    lockdown: () => lockdown,
    refuse: (refusing) => void (isRefusing = refusing),
  };
}

function stop(run: Run | undefined): boolean {
  if (run?.state !== 'running') return false;
  run.stop.abort();
  return true;
}
