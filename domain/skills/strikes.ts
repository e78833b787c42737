import type { SandboxVerdict } from '../sandbox/run.ts';
import { isSecurityVerdict } from './blame.ts';
import type { Strike } from './life.ts';

/** So many strikes end a version, unless the owner set another number. */
export const STRIKE_THRESHOLD = 3;

/** A revision gives way to the good version before it one strike earlier. */
export const REVERT_THRESHOLD = 2;

/** How long a strike counts; one for a security violation counts for ever. */
export const STRIKE_LIFE_MS = 30 * 24 * 60 * 60 * 1000;

/** A failure the skill caused, before it is a strike. */
export type SkillFault = {
  readonly runId: string;
  readonly verdict: SandboxVerdict;
  /** How many strikes end a version. */
  readonly threshold?: number;
};

/** The strikes that still count at a moment. A clock that was set back lets none expire. */
export function liveStrikes(strikes: readonly Strike[], now: number): Strike[] {
  return strikes.filter(({ security, at }) => security || now - at < STRIKE_LIFE_MS);
}

/** Far over the threshold: only violations of a version that was restored again and again come so far. */
const mostStrikes = 10;

/** Adds a fault to the strikes that still count. A run strikes once, however often it is reported. */
export function addStrike(strikes: readonly Strike[], { runId, verdict }: SkillFault, now: number): Strike[] {
  const live = liveStrikes(strikes, now);
  if (strikes.some((strike) => strike.runId === runId)) return live;
  // More than a version can have before it ends; what a history carries must not grow.
  return [...live, { runId, verdict, security: isSecurityVerdict(verdict), at: now }].slice(-mostStrikes);
}
