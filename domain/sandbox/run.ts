import { z } from 'zod';

import type { JsonValue } from '../json.ts';
import type { BundleFiles } from '../skills/bundle.ts';
import type { SkillLanguage, SkillLimits } from '../skills/manifest.ts';

/** How a run ended, as the host saw it; what the skill says of itself only words the reason. */
export const SandboxVerdict = z
  .enum([
    'ok',
    'exception',
    'timeout',
    'oom',
    'pids',
    'process-denied',
    'output-limit',
    'disk-limit',
    'fd-limit',
    'network-denied',
    'fs-denied',
    'privilege-denied',
    'invalid-output',
    'crash',
    'cancelled',
    'infrastructure',
  ])
  .meta({ id: 'SandboxVerdict' });
export type SandboxVerdict = z.infer<typeof SandboxVerdict>;

/** What one run needs. Code and input reach the sandbox on its standard input; nothing of the host is in it. */
export type SandboxRequest = {
  readonly runId: string;
  readonly language: SkillLanguage;
  readonly files: BundleFiles;
  readonly entry: string;
  readonly input: JsonValue;
  readonly limits: SkillLimits;
  /**
   * `whole`: the process has to end by itself and say nothing more (quarantine). `first`: it is ended at its first answer, which is
   * quicker (active skills).
   */
  readonly until: 'whole' | 'first';
};

/** What a run used. */
export const SandboxResources = z.strictObject({
  /** From the request until the answer, in ms. */
  wallMs: z.number().nonnegative(),
  /** Processor time of the whole process tree in ms, where the kernel told. */
  cpuMs: z.number().nonnegative().optional(),
  /** Largest memory in bytes, where the kernel told. */
  peakBytes: z.int().nonnegative().optional(),
});
export type SandboxResources = z.infer<typeof SandboxResources>;

/** One try to leave the sandbox through the host, allowed or not. */
export const EgressAttempt = z.strictObject({
  host: z.string().max(300),
  method: z.string().max(16),
  allowed: z.boolean(),
  /** HTTP status, when there was an answer. */
  status: z.int().optional(),
  bytes: z.int().nonnegative(),
  /** Why it was refused or failed. */
  reason: z.string().max(300).optional(),
});
export type EgressAttempt = z.infer<typeof EgressAttempt>;

/** What came of a run. `output` only with the verdict `ok`; it has not met the skill's schema yet. */
export type SandboxReport = {
  readonly verdict: SandboxVerdict;
  readonly output?: JsonValue;
  /** Why it was no `ok`, for people; may quote the skill's own error text. */
  readonly reason?: string;
  /** Its standard error and `ctx.log` lines, at most 64 KiB, the newest kept. */
  readonly log: string;
  readonly resources: SandboxResources;
  readonly driver: SandboxDriver;
};

export const SandboxDriver = z.enum(['bubblewrap', 'docker']);
export type SandboxDriver = z.infer<typeof SandboxDriver>;

/** What holds resource limits on this machine. */
export const LimitKeeper = z.enum(['cgroup v2', 'cgroup v1', 'rlimits', 'docker']);
export type LimitKeeper = z.infer<typeof LimitKeeper>;

/** What a driver showed when it was put to the test. */
export type SandboxProof = {
  readonly driver: SandboxDriver;
  readonly version: string;
  readonly limits: LimitKeeper;
  /** The hostile skills it was shown to contain. */
  readonly contained: readonly string[];
};
