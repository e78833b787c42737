import type { Config } from '../../domain/config/parse.ts';

/** The programs Talos stands on. */
export type EngineName = 'temporal' | 'redis' | 'chroma' | 'ollama';

/** Where an engine comes from: somebody else runs it, a program of this machine, our cache, or nowhere yet. */
export type EngineLocation =
  | { readonly kind: 'external'; readonly address: string }
  | { readonly kind: 'path' | 'cache'; readonly program: string; readonly version: string }
  | { readonly kind: 'missing'; readonly reason: string };

/** What else is fetched and is no server: skills run in the first, models in the second. */
export type ToolName = 'bubblewrap' | 'node-llama-cpp';

/** How far a long step has come; printed on one line per engine. */
export type Progress = (update: {
  readonly engine: EngineName | ToolName;
  readonly text: string;
  readonly fraction?: number;
}) => void;

/** A child process as the supervisor starts it. It leads a process group of its own. */
export type ChildSpec = {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly stopSignal: 'SIGTERM' | 'SIGINT';
  /** How long the child may take to end before the whole group is killed. */
  readonly stopGraceMs: number;
  readonly readyTimeoutMs: number;
  /** Runs before each start: removes what a killed run has left (a socket, a lock file). */
  beforeStart?(): void;
  /** Resolves true once the child serves. Called again and again from the start; later it is the health check. */
  ready(signal: AbortSignal): Promise<boolean>;
  /** Runs once after each time the child became ready (namespace retention and the like). */
  afterReady?(signal: AbortSignal): Promise<void>;
};

/** What `infra/` knows of one engine. */
export interface Engine {
  readonly name: EngineName;
  readonly version: string;
  /** Talos does not start without these; the others may come later. */
  readonly required: boolean;
  locate(config: Config): Promise<EngineLocation>;
  /** Gets the engine into the cache, whole or not at all. Fails with ENGINE_MISSING (and what to install), DOWNLOAD_FAILED or CHECKSUM_MISMATCH. */
  get(config: Config, options: { progress: Progress; signal: AbortSignal }): Promise<EngineLocation>;
  /** How to run it; writes its config file if it needs one. */
  child(config: Config, location: Extract<EngineLocation, { program: string }>): Promise<ChildSpec>;
  /** Answers with the round trip in ms, wherever it runs; rejects with the reason otherwise. */
  check(config: Config, signal: AbortSignal): Promise<number>;
  /** What is wrong with one that runs elsewhere and answers all the same; undefined when nothing is. */
  findFault?(
    config: Config,
    signal: AbortSignal,
  ): Promise<{ readonly detail: string; readonly fix: string } | undefined>;
}
