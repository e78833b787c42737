import { createHash, randomUUID } from 'node:crypto';

import { TalosError } from '../domain/errors.ts';
import { formatMark } from '../domain/night/supervisor-mark.ts';
import { defaultBackOff } from './back-off.ts';
import type { BackOff } from './back-off.ts';
import type { ChildSpec } from './engines/engine.ts';
import { startGuard } from './guard.ts';
import { createLineLog } from './line-log.ts';
import { identify } from './process-identity.ts';
import type { ProcessIdentity } from './process-identity.ts';
import { SupervisedChild } from './supervised-child.ts';
import type { ChildStatus, Health } from './supervised-child.ts';

/** How a supervisor runs its children. */
export type SupervisorOptions = {
  /** Each child's output goes to `<logDir>/<name>.out.log`. */
  readonly logDir: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly backOff?: BackOff;
  readonly health?: Health;
  readonly onChange: (status: ChildStatus) => void;
};

/** Starts children, keeps them running and stops them; nothing stays behind, however it ends itself. */
export interface Supervisor {
  /** The process that cleans up when this one is killed. */
  readonly guard: ProcessIdentity | undefined;
  /** Resolves once the child is ready. Children of a higher stage are stopped before those of a lower one. */
  start(spec: ChildSpec, stage: number): Promise<void>;
  statuses(): ChildStatus[];
  stop(): Promise<void>;
}

const defaultHealth: Health = { intervalMs: 5000, timeoutMs: 5000, strikes: 12 };

/** A supervisor without children yet. */
export function createSupervisor(options: SupervisorOptions): Supervisor {
  const mark = markOf(options.logDir);
  const guard = startGuard(mark);
  const stages = new Map<number, SupervisedChild[]>();
  const all = (): SupervisedChild[] => [...stages.values()].flat();
  let isStopping = false;

  const killAll = (): void => {
    for (const child of all()) child.kill();
  };
  process.once('exit', killAll);

  return {
    guard: guard.identity,
    async start(spec, stage) {
      if (isStopping) throw new TalosError('SHUTTING_DOWN', `${spec.name} is not started: Talos is stopping.`);
      const child = new SupervisedChild(spec, {
        mark,
        environment: options.environment,
        guard,
        log: createLineLog(`${options.logDir}/${spec.name}.out.log`),
        backOff: options.backOff ?? defaultBackOff,
        health: options.health ?? defaultHealth,
        onChange: options.onChange,
      });
      stages.set(stage, [...(stages.get(stage) ?? []), child]);
      await child.start();
    },
    statuses: () => all().map((child) => child.status),
    async stop() {
      isStopping = true;
      for (const stage of [...stages.keys()].toSorted((a, b) => b - a)) {
        await Promise.all((stages.get(stage) ?? []).map((child) => child.stop()));
      }
      process.off('exit', killAll);
      guard.close();
    },
  };
}

/** Says who this supervisor is and which home it works for. */
function markOf(logDir: string): string {
  const place = createHash('sha256').update(logDir).digest('hex').slice(0, 12);
  const startedAt = identify(process.pid)?.startedAt ?? '0';
  return formatMark({ place, pid: process.pid, startedAt, unique: randomUUID() });
}
