import type { MessageRecord } from '../domain/chat.ts';
import { TalosError } from '../domain/errors.ts';
import { imageTokens } from '../domain/images/limits.ts';
import type { ModelRequest } from '../domain/models/model.ts';
import type { ConversationStore } from '../domain/ports.ts';
import type { SkillPorts } from '../domain/skills/ports.ts';
import { assemblePrompt, contextUse, promptBudget } from '../domain/prompt/assemble.ts';
import { estimateTokens, overheadTokens } from '../domain/prompt/tokens.ts';
import { resultNotice, toolExchange } from '../domain/prompt/tool-exchange.ts';
import { parseContext } from '../domain/retrieval/context.ts';
import type { ContextUse } from '../domain/routing/route.ts';
import { type OfferedSkill, toolOf, toolTokens } from '../domain/skills/offer.ts';
import { runId } from '../domain/skills/run.ts';
import type { ToolRound } from '../domain/skills/tool-rounds.ts';
import type { ModelSettings } from './model-settings.ts';

type Deps = {
  readonly conversations: ConversationStore;
  readonly skillPorts?: SkillPorts;
  readonly settings: ModelSettings;
  newMarker(): string;
};

/** What a reply is made of beside the message: the model, the skills it may call, and what came of those it called. */
export type ReplyParts = {
  readonly record: MessageRecord;
  readonly model: string;
  readonly tools: readonly OfferedSkill[];
  readonly rounds: readonly ToolRound[];
};

/** Earlier messages looked at for a prompt; the budget usually takes fewer. */
export const recentMessages = 40;

/** How much of the room that is left what skills returned may take. */
const exchangeShare = 0.6;

/** What system prompt and message leave of a prompt. */
export function freeTokens(settings: ModelSettings, { text, options }: MessageRecord): number {
  const { systemPrompt, contextTokens, maxOutputTokens } = settings;
  const window = contextTokens - (options?.images?.length ?? 0) * imageTokens;
  const taken = estimateTokens(systemPrompt) + estimateTokens(text) + 2 * overheadTokens;
  return promptBudget({ contextTokens: window, maxOutputTokens }) - taken;
}

/** The request a model is sent for the next piece of a reply, and what fills its context. */
export async function buildRequest(
  deps: Deps,
  { record, model, tools, rounds }: ReplyParts,
): Promise<{ request: ModelRequest; context: ContextUse }> {
  const { systemPrompt, contextTokens, maxOutputTokens, temperature, think } = deps.settings;
  const marker = deps.newMarker();
  const shown = record.options?.images?.length ?? 0;
  const offered = tools.map(toolOf);
  const [memories, recent, exchange] = await Promise.all([
    deps.conversations.context(record),
    deps.conversations.recent(record.conversation, { seq: record.seq, limit: recentMessages }),
    rounds.length === 0 ? [] : readExchange(deps, { record, rounds, marker, toolTokens: toolTokens(offered) }),
  ]);
  const { messages, report } = assemblePrompt({
    system: systemPrompt,
    memories: memories === undefined ? [] : parseContext(memories),
    recent,
    message: record.text,
    limits: { contextTokens: contextTokens - shown * imageTokens, maxOutputTokens },
    marker,
    skills: { tools: offered, exchange },
  });
  const request = { model, messages, contextTokens, maxOutputTokens, temperature, think };
  return {
    request: offered.length === 0 ? request : { ...request, tools: offered },
    context: contextUse({ ...report, messageTokens: report.messageTokens + shown * imageTokens }, contextTokens),
  };
}

type Exchange = Pick<ReplyParts, 'record' | 'rounds'> & { readonly marker: string; readonly toolTokens: number };

async function readExchange({ skillPorts, settings }: Deps, { record, rounds, marker, toolTokens: offered }: Exchange) {
  if (skillPorts === undefined) throw new TalosError('INTERNAL', 'This process cannot read what skills returned.');
  const refs = rounds.flatMap(({ calls }) => calls.flatMap(({ run }) => (run === undefined ? [] : [run])));
  const found = await Promise.all(refs.map(async (ref) => [runId(ref), await skillPorts.skillRuns.run(ref)] as const));
  const runs = new Map(found);
  const free = freeTokens(settings, record) - offered - estimateTokens(`\n\n${resultNotice(marker)}`);
  return toolExchange(rounds, {
    run: ({ run }) => (run === undefined ? undefined : runs.get(runId(run))),
    marker,
    tokens: Math.max(0, Math.floor(free * exchangeShare)),
  });
}
