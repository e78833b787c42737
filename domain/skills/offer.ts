import type { JsonObject, JsonValue } from '../json.ts';
import type { ToolDefinition } from '../models/model.ts';
import { estimateTokens } from '../prompt/tokens.ts';
import type { BundleHash, SkillManifest } from './manifest.ts';

/** A skill a model may be offered. */
export type OfferedSkill = { readonly hash: BundleHash; readonly manifest: SkillManifest };

/** More tools than this confuse a small model. */
export const mostTools = 5;

/** What the fixed part of a prompt may take, system prompt and tools together: small models lose the thread beyond. */
const fixedTokens = 2000;

/** Most of the window that tools may take. */
const windowShare = 0.25;

/** As much of a description as a model is shown. */
const longestDescription = 400;

/** Most of what is left beside system prompt and message: what comes of the calls has to fit, too. */
const freeShare = 0.5;

/** `freeTokens` is what system prompt and message leave of the prompt. */
type Room = { readonly systemTokens: number; readonly contextTokens: number; readonly freeTokens: number };

/** The first skills that fit, at most five; one that is too large for the room is passed over. */
export function chooseTools(ranked: readonly OfferedSkill[], room: Room): OfferedSkill[] {
  const { systemTokens, contextTokens, freeTokens } = room;
  const shares = [contextTokens * windowShare, freeTokens * freeShare].map(Math.floor);
  let free = Math.min(fixedTokens - systemTokens, ...shares);
  const chosen: OfferedSkill[] = [];
  for (const skill of ranked) {
    const tokens = toolTokens([toolOf(skill)]);
    if (chosen.length === mostTools || tokens > free) continue;
    chosen.push(skill);
    free -= tokens;
  }
  return chosen;
}

/** What tools cost in a prompt, about. */
export function toolTokens(tools: readonly ToolDefinition[]): number {
  return tools.reduce((sum, tool) => sum + estimateTokens(JSON.stringify(tool)), 0);
}

/** A skill as a model sees it: the tool is called by the id of the skill. */
export function toolOf({ manifest }: OfferedSkill): ToolDefinition {
  const description = manifest.description.slice(0, longestDescription).toWellFormed();
  return {
    name: manifest.id,
    description,
    parameters: takesObject(manifest.input) ? manifest.input : wrapped(manifest.input),
  };
}

/** The input of a skill from the arguments of a call. Tools take objects alone, so that any other input has a name there. */
export function inputOf({ manifest }: OfferedSkill, given: JsonObject): JsonValue | undefined {
  return takesObject(manifest.input) ? given : given['input'];
}

function takesObject(schema: JsonObject): boolean {
  return schema['type'] === 'object';
}

/** References lead from the top of what a model is shown, so that definitions stay there. */
function wrapped({ $defs, ...schema }: JsonObject): JsonObject {
  return { type: 'object', properties: { input: schema }, required: ['input'], ...($defs !== undefined && { $defs }) };
}
