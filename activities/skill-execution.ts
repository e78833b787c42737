import { CancelledFailure } from '@temporalio/activity';

import { TalosError } from '../domain/errors.ts';
import type { JsonValue } from '../domain/json.ts';
import type { SkillPorts, SkillPowers } from '../domain/skills/ports.ts';
import type { SandboxReport } from '../domain/sandbox/run.ts';
import { blameFor, isHostFault } from '../domain/skills/blame.ts';
import type { SkillBundle } from '../domain/skills/bundle.ts';
import { scriptedPowers } from '../domain/skills/case-replies.ts';
import type { EvalCase } from '../domain/skills/cases.ts';
import {
  keptLogChars,
  longestRunMessage,
  runId,
  type SkillRunRecord,
  type SkillRunResult,
} from '../domain/skills/run.ts';
import { abortReason } from './heartbeat.ts';
import { provenSandbox } from './skill-parts.ts';

/** What is run on what; with a case its output is judged by it as well. */
export type RunPlan = { readonly bundle: SkillBundle; readonly record: SkillRunRecord; readonly evalCase?: EvalCase };

/** How a run ended, and its output when it went well. */
export type Execution = Omit<SkillRunResult, 'finishedAt'> & { readonly output?: JsonValue };

/** As many tries to reach a host as a record holds. */
const mostEgress = 64;

/** Runs a plan once in a sandbox. Fails only with what the skill cannot help; how a skill fails is a result. */
export async function executeRun(parts: SkillPorts, plan: RunPlan, signal: AbortSignal): Promise<Execution> {
  const { bundle, record } = plan;
  const { input } = record;
  if (input === undefined) {
    throw new TalosError('NOT_FOUND', `The input of run ${runId(record)} is no longer kept; start it anew.`);
  }
  const fits = parts.skillRules.checkInput(bundle, input);
  if (!fits.pass) return unfit(plan, fits.reason);
  const { powers, hasHostFailed } = watched(powersOf(parts, plan));
  const report = judged(parts, plan, await inSandbox(parts, { plan, input, powers, signal }));
  return ending(parts, plan, { report, egress: powers.egress().slice(0, mostEgress), hasHostFailed: hasHostFailed() });
}

/** Powers of which it is known afterwards whether the host failed the skill. What fails because the run has ended says nothing. */
function watched(powers: SkillPowers): { readonly powers: SkillPowers; readonly hasHostFailed: () => boolean } {
  let hasFailed = false;
  return {
    hasHostFailed: () => hasFailed,
    powers: {
      egress: () => powers.egress(),
      async call(power, input, signal) {
        try {
          return await powers.call(power, input, signal);
        } catch (thrown) {
          if (!signal.aborted && isHostFault(thrown)) hasFailed = true;
          throw thrown;
        }
      },
    },
  };
}

/** A case answers what its run asks of the host, so that quarantine neither leaves the machine nor touches what is the owner's. */
function powersOf(parts: SkillPorts, { bundle, record, evalCase }: RunPlan): SkillPowers {
  if (evalCase !== undefined) return scriptedPowers(evalCase.replies ?? []);
  return parts.powersFor({ runId: runId(record), manifest: bundle.manifest });
}

type Sandboxing = {
  readonly plan: RunPlan;
  readonly input: JsonValue;
  readonly powers: SkillPowers;
  readonly signal: AbortSignal;
};

async function inSandbox(parts: SkillPorts, { plan, input, powers, signal }: Sandboxing): Promise<SandboxReport> {
  const { bundle, record, evalCase } = plan;
  const { language, entry, limits } = bundle.manifest;
  const until = evalCase === undefined ? 'first' : 'whole';
  const request = { runId: runId(record), language, files: bundle.files, entry, input, limits, until } as const;
  const sandbox = await provenSandbox(parts);
  const report = await sandbox.run(request, powers, signal).catch((thrown: unknown) => {
    throw signal.aborted ? abortReason(signal) : thrown;
  });
  if (signal.aborted) throw abortReason(signal);
  if (report.verdict === 'cancelled') throw new CancelledFailure('The run was cancelled.');
  if (report.verdict === 'infrastructure') {
    throw new TalosError('SANDBOX_FAILED', `The sandbox of run ${request.runId} broke; the run is tried again.`);
  }
  return report;
}

/** The report with what the host finds in the output: one that fits no schema or fails its case is no `ok`. */
function judged({ skillRules }: SkillPorts, { bundle, evalCase }: RunPlan, report: SandboxReport): SandboxReport {
  const { output, ...rest } = report;
  if (report.verdict !== 'ok') return rest;
  if (output === undefined) return { ...rest, verdict: 'invalid-output', reason: 'there is no output' };
  const fits = skillRules.checkOutput(bundle, output);
  const judgement = fits.pass && evalCase !== undefined ? skillRules.judgeCase(evalCase, output) : fits;
  return judgement.pass ? report : { ...rest, verdict: 'invalid-output', reason: judgement.reason };
}

type Outcome = {
  readonly report: SandboxReport;
  readonly egress: SkillRunResult['egress'];
  readonly hasHostFailed: boolean;
};

function ending(
  { skillRules }: SkillPorts,
  { bundle, record, evalCase }: RunPlan,
  { report, egress, hasHostFailed }: Outcome,
): Execution {
  const { verdict, reason, output, driver, resources, log } = report;
  const common = { hash: bundle.hash, verdict, driver, resources, egress, log: log.slice(-keptLogChars) };
  if (verdict === 'ok' && output !== undefined) {
    return { state: 'ok', outputHash: skillRules.hashJson(output), ...common, output };
  }
  // The hosts of a case are part of it: a skill that cannot bear what they answer has failed.
  const real = evalCase === undefined ? egress : [];
  const blame = blameFor({ verdict, isInputValid: true, inputBy: record.inputBy, egress: real, hasHostFailed });
  const message = `${verdict}: ${reason ?? 'the sandbox gave no reason'}`.slice(0, longestRunMessage);
  return { state: 'failed', blame, error: { code: 'SKILL_FAILED', message }, ...common };
}

function unfit({ bundle, record }: RunPlan, reason: string): Execution {
  const blame = blameFor({ isInputValid: false, inputBy: record.inputBy, egress: [] });
  const message = `The input does not fit the input schema of the skill: ${reason}`.slice(0, longestRunMessage);
  return {
    state: 'failed',
    hash: bundle.hash,
    blame,
    error: { code: 'VALIDATION_FAILED', message },
    egress: [],
    log: '',
  };
}
