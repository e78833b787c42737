import type { TrailCheck } from '../audit/trail.ts';
import type { CloudState } from '../cloud/ports.ts';
import type { SandboxProof } from '../sandbox/run.ts';

/** A value that was read, or the code of what kept it from being read. */
export type Reading<T> =
  | { readonly isKnown: true; readonly value: T }
  | { readonly isKnown: false; readonly reason: string };

/** A disk with something of ours on it. */
export type DiskUse = { readonly holds: string; readonly percent: number; readonly freeBytes: number };

/** How busy the machine is. `loadPerCore` is the mean of the last minute. */
export type MachineLoad = { readonly cpuPercent: number; readonly memoryPercent: number; readonly loadPerCore: number };

/** Everything the nightly look at the health of Talos reads. */
export type HealthReadings = {
  readonly machine: Reading<MachineLoad>;
  readonly disks: Reading<readonly DiskUse[]>;
  readonly temporal: Reading<void>;
  /** `maxBytes` 0: without bound. */
  readonly redis: Reading<{ readonly usedBytes: number; readonly maxBytes: number }>;
  /** Vectors by collection. */
  readonly vectors: Reading<Readonly<Record<string, number>>>;
  readonly models: Reading<{ readonly installed: readonly string[]; readonly loaded: readonly string[] }>;
  readonly cloud: Reading<CloudState>;
  readonly sandbox: Reading<SandboxProof>;
  readonly audit: Reading<TrailCheck>;
  /** Versions of skills by state. */
  readonly skills: Reading<Readonly<Record<string, number>>>;
  /** Skills in use whose last runs failed one after the other through no fault of their own, and how many. */
  readonly troubles: Reading<readonly { readonly skill: string; readonly runs: number }[]>;
  /** What waits for the owner, by kind. */
  readonly waiting: Reading<Readonly<Record<string, number>>>;
};

/** What the readings are held against. */
export type HealthFacts = {
  readonly maxVectors: number;
  /** What runs local models, such as ollama, and the models it should have. */
  readonly engine: string;
  readonly wantedModels: readonly string[];
};
