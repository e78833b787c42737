import { TalosError } from '../errors.ts';
import type { ModelMessage, ToolDefinition } from '../models/model.ts';
import type { ContextUse } from '../routing/route.ts';
import { toolTokens as tokensOfTools } from '../skills/offer.ts';
import { type ContextMemory, shortenMemory } from '../retrieval/context.ts';
import { checkMarker, markerNotice, spotlightBlock, spotlightMemory } from './spotlight.ts';
import { estimateTokens, messageTokens as tokensOfMessage, overheadTokens } from './tokens.ts';
import { resultNotice } from './tool-exchange.ts';

/** Kept free beside the answer: a tokenizer may count more than the estimate. */
const safetyTokens = 64;

/** Most of the budget that memories may take. */
const memoryShare = 0.25;

/** An earlier message of the conversation and its answer. */
type Exchange = {
  readonly text: string;
  readonly reply?: string | undefined;
  readonly options?: { readonly images?: readonly unknown[] | undefined } | undefined;
};

/** Everything a prompt is made of. Memories come best first, earlier messages oldest first; `marker` is new and random every time. */
export type PromptParts = {
  readonly system: string;
  readonly memories: readonly ContextMemory[];
  readonly recent: readonly Exchange[];
  readonly message: string;
  readonly limits: { readonly contextTokens: number; readonly maxOutputTokens: number };
  readonly marker: string;
  /** Skills the model may call, and what it asked of them so far. */
  readonly skills?: { readonly tools: readonly ToolDefinition[]; readonly exchange: readonly ModelMessage[] };
};

/** Where the budget went, in estimated tokens, and what did not fit. */
export type PromptReport = {
  readonly systemTokens: number;
  /** Of the tools and what came of their calls. */
  readonly toolTokens: number;
  readonly memoryTokens: number;
  readonly recentTokens: number;
  readonly messageTokens: number;
  readonly droppedMemories: number;
  readonly droppedMessages: number;
};

/** Tokens a prompt may take: the window without the answer (never more than half the window) and a reserve. */
export function promptBudget({ contextTokens, maxOutputTokens }: PromptParts['limits']): number {
  return contextTokens - Math.min(maxOutputTokens, Math.floor(contextTokens / 2)) - safetyTokens;
}

/**
 * The prompt: system prompt, spotlighted memories, the newest earlier messages that fit, and the message itself, whole.
 * Fails with MESSAGE_TOO_LONG when the message does not fit beside the system prompt.
 */
export function assemblePrompt(parts: PromptParts): { messages: ModelMessage[]; report: PromptReport } {
  const exchange = parts.skills?.exchange ?? [];
  const rules = exchange.length === 0 ? parts.system : `${parts.system}\n\n${resultNotice(parts.marker)}`;
  const toolTokens = skillTokens(parts);
  const budget = promptBudget(parts.limits) - toolTokens;
  const systemTokens = cost(rules);
  const messageTokens = cost(parts.message);
  const free = budget - systemTokens - messageTokens;
  if (free < 0) throw tooLong(messageTokens, budget - systemTokens);
  const memoryTokens = Math.min(Math.floor(budget * memoryShare), free);
  // Whatever memories take, these are shown. One that is only perhaps shown may come twice, which is better than not at all.
  const { shown } = chooseRecent(parts.recent, free - memoryTokens);
  const memory = chooseMemories({ ...parts, recent: shown }, memoryTokens);
  const recent = chooseRecent(parts.recent, free - memory.tokens);
  return {
    messages: [
      { role: 'system', content: [rules, ...memory.notice].join('\n\n') },
      ...memory.messages,
      ...recent.messages,
      { role: 'user', content: parts.message },
      ...exchange,
    ],
    report: {
      systemTokens,
      toolTokens,
      memoryTokens: memory.tokens,
      recentTokens: recent.tokens,
      messageTokens,
      droppedMemories: memory.dropped,
      droppedMessages: recent.dropped,
    },
  };
}

type Chosen = { readonly messages: ModelMessage[]; readonly tokens: number; readonly dropped: number };

/** The best memories that fit; one that is among the earlier messages that are shown is left out. */
function chooseMemories(parts: PromptParts, budget: number): Chosen & { readonly notice: string[] } {
  const { memories, marker } = parts;
  const none = { messages: [], tokens: 0, dropped: memories.length, notice: [] };
  if (memories.length === 0) return none;
  checkMarker(marker);
  const notice = markerNotice(marker);
  let tokens = estimateTokens(`\n\n${notice}`) + cost(spotlightBlock([], marker));
  const notes: string[] = [];
  for (const memory of memories) {
    const note = spotlightMemory(memory, marker);
    const noteTokens = estimateTokens(`${note}\n> \n`);
    if (tokens + noteTokens > budget || isAmong(memory, parts.recent)) continue;
    notes.push(note);
    tokens += noteTokens;
  }
  if (notes.length === 0) return none;
  const messages: ModelMessage[] = [{ role: 'user', content: spotlightBlock(notes, marker) }];
  return { messages, tokens, dropped: memories.length - notes.length, notice: [notice] };
}

function isAmong(memory: ContextMemory, recent: readonly Exchange[]): boolean {
  return recent.some(({ text, reply }) => reply !== undefined && shortenMemory(`${text}\n\n${reply}`) === memory.text);
}

/** The newest exchanges that fit, without gaps, oldest first. */
function chooseRecent(recent: readonly Exchange[], budget: number): Chosen & { readonly shown: readonly Exchange[] } {
  const messages: ModelMessage[] = [];
  const shown: Exchange[] = [];
  let tokens = 0;
  for (const exchange of recent.toReversed()) {
    const { text: said, reply, options } = exchange;
    if (reply === undefined || reply === '') continue;
    const text = [said, ...(options?.images ?? []).map(() => '[image]')].join('\n');
    const pairTokens = cost(text) + cost(reply);
    if (tokens + pairTokens > budget) break;
    messages.unshift({ role: 'user', content: text }, { role: 'assistant', content: reply });
    tokens += pairTokens;
    shown.unshift(exchange);
  }
  return { messages, tokens, dropped: recent.length - shown.length, shown };
}

function skillTokens({ skills }: PromptParts): number {
  if (skills === undefined) return 0;
  const said = skills.exchange.reduce((sum, message) => sum + tokensOfMessage(message), 0);
  return said + tokensOfTools(skills.tools);
}

function cost(content: string): number {
  return estimateTokens(content) + overheadTokens;
}

function tooLong(needed: number, free: number): TalosError {
  return new TalosError(
    'MESSAGE_TOO_LONG',
    `The message takes about ${needed} tokens and the model has room for ${Math.max(0, free)}; shorten it, send it in parts, or raise QWEN_CONTEXT_LENGTH.`,
    { details: { field: 'message' } },
  );
}

/** The report as replies show it. */
export function contextUse(report: PromptReport, window: number): ContextUse {
  return {
    window,
    system: report.systemTokens,
    tools: report.toolTokens,
    memory: report.memoryTokens,
    history: report.recentTokens,
    message: report.messageTokens,
  };
}
