import { z } from 'zod';

import { ToolCall } from '../models/model.ts';
import { BundleHash, SkillId } from './manifest.ts';
import { RunKey } from './run.ts';
import { CallId } from './steps.ts';

/** So many times a model may use skills before it has to answer. */
export const MAX_STEPS = 4;

/** Calls of one round; what is beyond is refused. */
export const mostCalls = 4;

/** One call a model asked for: accepted as a run, or refused with a reason for the model. */
export const AskedCall = z.strictObject({
  id: CallId,
  call: ToolCall,
  run: z.strictObject({ skill: SkillId, key: RunKey, hash: BundleHash }).optional(),
  refusal: z.string().optional(),
});
export type AskedCall = z.infer<typeof AskedCall>;

/** What a model said and asked for at one go. */
export const ToolRound = z.strictObject({ text: z.string(), calls: z.array(AskedCall) });
export type ToolRound = z.infer<typeof ToolRound>;

/** Whether a model may ask for skills once more. A call that could not be made is mended once; after a second one it has to answer. */
export function mayCall(rounds: readonly ToolRound[]): boolean {
  const spoilt = rounds.filter(({ calls }) => calls.some(({ refusal }) => refusal !== undefined));
  return rounds.length < MAX_STEPS && spoilt.length < 2;
}
