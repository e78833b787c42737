import type { Config, Environment } from '../domain/config/parse.ts';
import type { Engine, EngineName, Progress } from './engines/engine.ts';
import type { ChildStatus } from './supervised-child.ts';
import type { Supervisor } from './supervisor.ts';

/** The engines of this machine and the way to get those it lacks. */
export type EngineSource = {
  readonly all: readonly Engine[];
  /** Gets the named engines into the cache, side by side where they do not fight for cores. */
  get(
    names: readonly EngineName[],
    config: Config,
    options: { progress: Progress; signal: AbortSignal },
  ): Promise<void>;
};

/** Who hears of the start. */
export type StackReport = {
  /** One line per name that changes until it is done. */
  progress(name: string, text: string, options?: { fraction?: number; done?: boolean }): void;
  note(text: string): void;
  child(status: ChildStatus): void;
};

/** What the steps of a start share. */
export type StackContext = {
  readonly config: Config;
  readonly environment: Environment;
  readonly root: string;
  readonly engines: EngineSource;
  readonly report: StackReport;
  readonly signal: AbortSignal;
  readonly supervisor: Supervisor;
};
