import type { EvalCase } from './cases.ts';
import type { BundleHash, SkillManifest } from './manifest.ts';

/** The files of a skill as they are: path inside the bundle to text. Skills hold text only. */
export type BundleFiles = Readonly<Record<string, string>>;

/** A checked skill: its files, what they say, and the hash that is its identity. */
export type SkillBundle = {
  readonly hash: BundleHash;
  readonly files: BundleFiles;
  readonly manifest: SkillManifest;
  readonly cases: readonly EvalCase[];
};
