import { messageId, type MessageRef } from '../domain/chat.ts';
import type { TextHasher, TokenStream } from '../domain/ports.ts';
import { resultOf } from '../domain/prompt/tool-exchange.ts';
import type { PlannedCall } from '../domain/settlement.ts';
import { runId } from '../domain/skills/run.ts';
import type { SkillStep } from '../domain/skills/steps.ts';
import { asksFor } from '../domain/skills/trust.ts';
import { type SkillDeps, skillParts } from './skill-parts.ts';

type Deps = SkillDeps & { readonly tokens: TokenStream; readonly hashText: TextHasher };

/** Hosts a step names; its run has all of them. */
const mostHosts = 8;

/** What is told of the skills a message uses, before and after each of them. */
export function createSkillStepActivities(deps: Deps) {
  return {
    /** Asks the owner for a call: from now on it is among those that wait. */
    async parkCall(ref: MessageRef, call: PlannedCall & { consentSeconds: number }): Promise<void> {
      const { skills, skillRuns, awaitedCalls } = skillParts(deps);
      const { id, skill, key, hash, consentSeconds } = call;
      const [{ manifest }, run] = await Promise.all([skills.load(skill, hash), skillRuns.run({ skill, key })]);
      const asks = asksFor(manifest.permissions, deps.settings.trustLevel);
      const askedAt = deps.now();
      const until = askedAt + consentSeconds * 1000;
      await awaitedCalls.add({
        message: messageId(ref),
        call: id,
        skill,
        hash,
        run: runId({ skill, key }),
        asksFor: asks,
        binding: deps.hashText(`${hash} ${run?.inputHash ?? ''}`),
        askedAt,
        until,
      });
      await deps.tokens.append(ref, { type: 'awaiting-approval', id, skill, asksFor: asks, until });
    },

    /** The owner has decided, or nobody waits for it any more. */
    async unparkCall(ref: MessageRef, { id }: PlannedCall): Promise<void> {
      await skillParts(deps).awaitedCalls.remove({ message: messageId(ref), call: id });
    },

    /** Ends a call without the consent it needed. */
    async declineCall(ref: MessageRef, call: PlannedCall, reason: 'refused' | 'expired'): Promise<SkillStep> {
      const { skill, key } = call;
      const message =
        reason === 'refused'
          ? 'the owner did not allow this call'
          : 'the owner did not answer in time, so it was not made';
      await skillParts(deps).skillRuns.settle(
        { skill, key },
        {
          state: 'cancelled',
          error: { code: 'APPROVAL_REFUSED', message },
          egress: [],
          log: '',
          finishedAt: deps.now(),
        },
      );
      return endStep(deps, ref, call);
    },

    /** Tells that a skill starts. */
    async beginStep(ref: MessageRef, { id, skill }: PlannedCall): Promise<void> {
      await deps.tokens.append(ref, { type: 'tool-start', id, skill });
    },

    /** Tells how a skill ended. */
    concludeStep: (ref: MessageRef, call: PlannedCall): Promise<SkillStep> => endStep(deps, ref, call),
  };
}

async function endStep(deps: Deps, ref: MessageRef, call: PlannedCall): Promise<SkillStep> {
  const step = await stepOf(deps, call);
  const { id, skill, verdict, ms } = step;
  await deps.tokens.append(ref, { type: 'tool-end', id, skill, verdict, ms });
  return step;
}

async function stepOf(deps: Deps, { id, skill, key }: PlannedCall): Promise<SkillStep> {
  const run = await skillParts(deps).skillRuns.run({ skill, key });
  const { hash, verdict, error, resources, egress = [] } = run?.result ?? {};
  return {
    id,
    skill,
    ...(hash !== undefined && { hash }),
    run: runId({ skill, key }),
    verdict: verdict ?? (error?.code === 'APPROVAL_REFUSED' ? 'declined' : 'not-run'),
    ms: Math.round(resources?.wallMs ?? 0),
    hosts: [...new Set(egress.map(({ host }) => host))].slice(0, mostHosts),
    ...(resultOf(run).isWithheld && { withheld: true }),
  };
}
