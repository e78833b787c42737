import type { ErrorCode } from '../errors.ts';
import type { SandboxVerdict } from '../sandbox/run.ts';
import type { CleanRun } from './certificate.ts';
import type { Blame } from './life.ts';
import type { BundleHash } from './manifest.ts';
import { runId, type SkillRunRecord, type SkillRunState } from './run.ts';

/** What a workflow learns of a run: small, and no word of what went in or came out. */
export type RunFacts = {
  readonly runId: string;
  readonly state: SkillRunState;
  readonly hash?: BundleHash;
  readonly verdict?: SandboxVerdict;
  readonly blame?: Blame;
  readonly code?: ErrorCode;
  readonly case?: string;
  /** So many strikes end a version, as this machine is set up now. */
  readonly strikeThreshold: number;
  /** The evidence of a case that went well. */
  readonly clean?: CleanRun;
};

/** The facts of a run as it is kept. */
export function factsOf(record: SkillRunRecord, { strikeThreshold }: { strikeThreshold: number }): RunFacts {
  const { state, result, case: name } = record;
  const { hash, verdict, blame, error } = result ?? {};
  const clean = cleanRun(record);
  return {
    runId: runId(record),
    state,
    strikeThreshold,
    ...(hash !== undefined && { hash }),
    ...(verdict !== undefined && { verdict }),
    ...(blame !== undefined && { blame }),
    ...(error !== undefined && { code: error.code }),
    ...(name !== undefined && { case: name }),
    ...(clean && { clean }),
  };
}

function cleanRun(record: SkillRunRecord): CleanRun | undefined {
  const { state, case: name, inputHash, result } = record;
  if (state !== 'ok' || name === undefined || result === undefined) return undefined;
  const { outputHash, driver, resources, egress, finishedAt } = result;
  if (outputHash === undefined || driver === undefined || resources === undefined) return undefined;
  return { runId: runId(record), case: name, inputHash, outputHash, driver, resources, egress, finishedAt };
}
