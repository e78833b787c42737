import { messageId, type MessageRef } from '../domain/chat.ts';
import { TalosError } from '../domain/errors.ts';
import { JsonObject } from '../domain/json.ts';
import type { ToolCall } from '../domain/models/model.ts';
import type { TextHasher } from '../domain/ports.ts';
import type { SkillPorts } from '../domain/skills/ports.ts';
import type { PlannedCall } from '../domain/settlement.ts';
import type { SkillBundle } from '../domain/skills/bundle.ts';
import { inputOf, type OfferedSkill } from '../domain/skills/offer.ts';
import type { VersionRef } from '../domain/skills/skill-name.ts';
import { type AskedCall, mostCalls, type ToolRound } from '../domain/skills/tool-rounds.ts';
import { asksFor } from '../domain/skills/trust.ts';
import { type SkillDeps, skillParts } from './skill-parts.ts';

type Deps = SkillDeps & {
  readonly hashText: TextHasher;
  readonly settings: { readonly consentSeconds: number };
};

/** What a model said in one round, before anything of it was looked at. */
export type Said = { readonly text: string; readonly calls: readonly ToolCall[] };

type Asking = { readonly ref: MessageRef; readonly place: number; readonly tools: readonly OfferedSkill[] };

/** Takes the calls of a round: each fits the input schema of its skill and becomes a run, or is refused with the reason. */
export async function askRound(deps: Deps, asking: Asking, { text, calls }: Said): Promise<ToolRound> {
  const { ref, place } = asking;
  const asked = await Promise.all(calls.slice(0, 9).map((call, index) => ask(deps, { ...asking, index }, call)));
  const round = { text, calls: asked };
  await skillParts(deps).toolRounds.save(ref, place, round);
  return round;
}

/** Accepts the runs of a round and tells which of its calls may start. A repeated attempt accepts the same runs. */
export async function planRound(deps: Deps, ref: MessageRef, { calls }: ToolRound): Promise<PlannedCall[]> {
  const planned = await Promise.all(calls.map((call) => plan(deps, ref, call)));
  return planned.filter((call) => call !== undefined);
}

async function ask(deps: Deps, asking: Asking & { index: number }, call: ToolCall): Promise<AskedCall> {
  const { ref, place, tools, index } = asking;
  const asked = { id: `${place + 1}-${index + 1}`, call };
  if (index >= mostCalls) return { ...asked, refusal: `At most ${mostCalls} calls are made at a time; ask again.` };
  const skill = tools.find(({ manifest }) => manifest.id === call.name);
  if (skill === undefined) {
    const names = tools.map(({ manifest }) => manifest.id).join(', ');
    return { ...asked, refusal: `There is no tool of this name. You may call: ${names}` };
  }
  if (call.problem !== undefined)
    return { ...asked, refusal: `${call.problem} Call it once more, or answer without it.` };
  const input = await checkedInput(skillParts(deps), skill, call);
  if ('refusal' in input) return { ...asked, ...input };
  const key = deps.hashText(JSON.stringify([messageId(ref), asked.id, skill.hash, input.hash])).slice(0, 40);
  return { ...asked, run: { skill: skill.manifest.id, key, hash: skill.hash } };
}

/** A version that is not what was approved keeps no message from its answer. */
async function loadKept({ skills }: SkillPorts, { id, hash }: VersionRef): Promise<SkillBundle | undefined> {
  try {
    return await skills.load(id, hash);
  } catch (thrown) {
    if (thrown instanceof TalosError && ['NOT_FOUND', 'SKILL_CHANGED'].includes(thrown.code)) return undefined;
    throw thrown;
  }
}

type CheckedInput =
  | { readonly refusal: string }
  | { readonly value: JsonObject | JsonObject[string]; readonly hash: string };

async function checkedInput(parts: SkillPorts, skill: OfferedSkill, call: ToolCall): Promise<CheckedInput> {
  const args = JsonObject.safeParse(call.arguments);
  const value = args.success ? inputOf(skill, args.data) : undefined;
  if (value === undefined) return { refusal: 'The arguments of the call are missing or no JSON; call it once more.' };
  const bundle = await loadKept(parts, { id: skill.manifest.id, hash: skill.hash });
  if (bundle === undefined) return { refusal: 'The files of the skill are not what was approved; answer without it.' };
  const fits = parts.skillRules.checkInput(bundle, value);
  if (fits.pass) return { value, hash: parts.skillRules.hashJson(value) };
  return {
    refusal: `The arguments do not fit: ${fits.reason}. Mend them and call it once more, or answer without it.`,
  };
}

async function plan(deps: Deps, ref: MessageRef, { id, call, run }: AskedCall): Promise<PlannedCall | undefined> {
  if (run === undefined) return undefined;
  const parts = skillParts(deps);
  const { skill, key, hash } = run;
  const bundle = await loadKept(parts, { id: skill, hash });
  if (bundle === undefined) return undefined; // changed since it was asked for: the model is told that there was no run
  const { manifest } = bundle;
  const input = inputOf({ manifest, hash }, JsonObject.parse(call.arguments)) ?? null;
  const inputHash = parts.skillRules.hashJson(input);
  const accepted = await parts.skillRuns.accept({
    skill,
    key,
    input,
    inputHash,
    inputBy: 'model',
    createdAt: deps.now(),
  });
  if (accepted.kind === 'conflict') {
    throw new TalosError('INTERNAL', `Run ${skill}.${key} of message ${messageId(ref)} exists with another input.`);
  }
  const { trustLevel, consentSeconds } = deps.settings;
  return { id, skill, key, hash, ...(asksFor(manifest.permissions, trustLevel).length > 0 && { consentSeconds }) };
}
