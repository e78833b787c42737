import type { WantedModels } from './autopull.ts';
import type { ModelPull, PullEvent } from './pull.ts';
import type { InstalledModel } from './model.ts';
import type { ModelName } from './name.ts';

/** One model as its server knows it. */
export type ModelDescription = {
  readonly name: string;
  readonly digest: string;
  readonly sizeBytes: number;
  /** Digests of its files of weights, as `sha256:<hex>`, as far as the server tells them. */
  readonly files: readonly string[];
  /** What it can do in the server's own words, such as `completion`, `embedding`, `vision`. */
  readonly can: readonly string[];
};

/** A server that brings models from registries and removes them. Failures that are its own are those of LanguageModel. */
export interface ModelStore {
  /**
   * Pulls a model and ends when it is listed; what an earlier pull brought is not brought again. Fails with MODEL_UNKNOWN,
   * PULL_FAILED, PULL_CORRUPT or DISK_FULL. Aborting the signal ends the work on the server.
   */
  pull(name: ModelName, signal: AbortSignal): AsyncIterable<PullEvent>;
  /** Removes a model by its listed name, from memory too; false when it is not there. */
  remove(model: string): Promise<boolean>;
  /** What is installed at this moment. */
  list(): Promise<InstalledModel[]>;
  /** Undefined when it is not there. */
  describe(model: string): Promise<ModelDescription | undefined>;
}

/** What is known of pulls, newest state only; those that ended long ago are forgotten. Fails with STORE_UNAVAILABLE. */
export interface ModelPulls {
  put(pull: ModelPull): Promise<void>;
  get(model: string): Promise<ModelPull | undefined>;
  /** The one started last comes first. */
  list(): Promise<ModelPull[]>;
  /** The pull as it is and then whenever it changes, until it has ended or the signal. */
  follow(model: string, signal: AbortSignal): AsyncIterable<ModelPull>;
}

/** What the owner can choose a model for while Talos runs. */
export const modelUses = ['chat', 'vision'] as const;
export type ModelUse = (typeof modelUses)[number];

/** Models the owner has chosen in place of the configured ones, by their listed names. Fails with STORE_UNAVAILABLE. */
export interface ModelChoices {
  get(): Promise<Partial<Record<ModelUse, string>>>;
  /** Without a model the configured one counts again. */
  set(use: ModelUse, model: string | undefined): Promise<void>;
}

/** Starts and stops the workflows that pull. Fails with RUNTIME_UNAVAILABLE. */
export interface PullRuntime {
  /** Two pulls of one model are one. */
  startPull(pull: { readonly name: ModelName; readonly by: string }): Promise<void>;
  /** False when no such pull runs. */
  stopPull(model: string): Promise<boolean>;
  isPulling(model: string): Promise<boolean>;
  /** Pulls what is missing of these in the background, one after the other. */
  startAutopull(wanted: WantedModels): Promise<void>;
}

/** What the machine can say of the models on it. */
export interface ModelMachine {
  /** Free bytes where models are kept; undefined where that is another machine. */
  freeBytes(): Promise<number | undefined>;
  /** How much lies there of the files that should have these digests, whole or not; undefined where that is another machine. */
  bytesOnDisk(digests: readonly string[]): Promise<number | undefined>;
  /** The digest of the file that should have this one; undefined where it is not on this machine. */
  digestOnDisk(digest: string, signal: AbortSignal): Promise<string | undefined>;
  /** Whether a network interface other than loopback is up. */
  isOnline(): boolean;
}

/** Everything the management of models stands on. Without a store this engine takes models as they are. */
export type ModelPorts = {
  readonly store?: ModelStore;
  readonly pulls: ModelPulls;
  readonly choices: ModelChoices;
  readonly pullRuntime: PullRuntime;
  readonly machine: ModelMachine;
};
