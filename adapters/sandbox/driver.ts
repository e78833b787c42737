import type { LimitKeeper, SandboxDriver } from '../../domain/sandbox/run.ts';
import type { SandboxProgram } from './program.ts';

/** What a sandbox has to know before it is told what to run: the program in it and what its memory may be. */
export type ProgramKind = { readonly runtime: 'node' | 'python'; readonly memoryMiB: number };

/** What a driver found on this machine. */
export type DriverFacts = {
  readonly version: string;
  readonly limits: LimitKeeper;
  /** Whether it can run Python, too. */
  readonly hasPython: boolean;
};

/** A way to start a program that nothing gets out of. */
export interface Driver {
  readonly name: SandboxDriver;
  /** Looks for all it needs. Fails with SANDBOX_UNAVAILABLE, which names what is missing and the fix. */
  prepare(signal: AbortSignal): Promise<DriverFacts>;
  /** Starts a sandbox with the runner in it, which says when it is ready. */
  start(kind: ProgramKind): Promise<SandboxProgram>;
  /** Gives back what it holds; every program it started has ended. */
  close(): Promise<void>;
}
