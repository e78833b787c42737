import { z } from 'zod';

import { SandboxVerdict } from '../sandbox/run.ts';
import { BundleHash, SkillId } from './manifest.ts';

/** Names a call inside its message: the round and its place there, from 1. */
export const CallId = z
  .string()
  .regex(/^[1-9]-[1-9]$/, 'a call is named by its round and place, such as 1-1')
  .meta({ id: 'CallId', example: '1-1' });
export type CallId = z.infer<typeof CallId>;

/** How a call ended: as its run did, `declined` without the consent it needed, or `not-run` for another reason. */
export const StepVerdict = z.enum([...SandboxVerdict.options, 'declined', 'not-run']).meta({ id: 'StepVerdict' });
export type StepVerdict = z.infer<typeof StepVerdict>;

/** One use of a skill on the way to an answer. */
export const SkillStep = z
  .strictObject({
    id: CallId,
    skill: SkillId,
    hash: BundleHash.optional().meta({ description: 'The version that ran' }),
    run: z.string().meta({ description: 'The run, with its input, output and log' }),
    verdict: StepVerdict,
    ms: z.number().nonnegative(),
    hosts: z.array(z.string()).meta({ description: 'Hosts it tried to reach, allowed or not' }),
    withheld: z.boolean().optional().meta({ description: 'Whether the firewall kept its output from the model' }),
  })
  .meta({ id: 'SkillStep' });
export type SkillStep = z.infer<typeof SkillStep>;

/** A call that waits for the owner. */
export const AwaitedCall = z
  .strictObject({
    message: z.string(),
    call: CallId,
    skill: SkillId,
    hash: BundleHash,
    run: z.string(),
    asksFor: z.array(z.string()).meta({ description: 'What it would do that needs consent' }),
    binding: z.string().meta({ description: 'Hash of the version and its input: what exactly is consented to' }),
    askedAt: z.int(),
    until: z.int().meta({ description: 'When it counts as refused (ms since 1970)' }),
  })
  .meta({ id: 'AwaitedCall' });
export type AwaitedCall = z.infer<typeof AwaitedCall>;

/** What the owner says to one call of a message. `approval` is the id of the code that was redeemed, never the code. */
export type CallDecision = { readonly call: CallId; readonly by: string } & (
  | { readonly isAllowed: true; readonly approval: string }
  | { readonly isAllowed: false }
);
