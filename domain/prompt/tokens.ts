/** Tokens per code point, on the high side: a prompt that is cut silently is worse than one that is a little short. */
const weights: readonly (readonly [RegExp, number])[] = [
  [/[a-z \n\t]/gi, 0.3],
  [/\d/g, 1],
  [/[!-/:-@[-`{-~]/g, 0.7],
  [/[\u0080-\u04FF\u1E00-\u206F]/g, 0.8],
];

/** Everything else: CJK, Indic and other scripts, symbols. */
const otherWeight = 1.5;

/** Emoji and everything else outside the first plane: up to four bytes, each a token of its own at worst. */
const astralWeight = 3;

/** What a chat template adds to each message. */
export const overheadTokens = 8;

/** A text of more characters costs more than that in any case. */
export function mostCharacters(tokens: number): number {
  return Math.ceil(Math.max(0, tokens) / 0.3);
}

/** What a message costs with all that belongs to it, such as the calls of tools. */
export function messageTokens(message: object): number {
  return estimateTokens(JSON.stringify(message)) + overheadTokens;
}

/** A careful guess of how many tokens a text costs, never far below what a tokenizer of a chat model counts. */
export function estimateTokens(text: string): number {
  let tokens = 0;
  let units = 0;
  for (const [characters, weight] of weights) {
    const count = text.match(characters)?.length ?? 0;
    tokens += count * weight;
    units += count;
  }
  const astral = text.match(/[\u{10000}-\u{10FFFF}]/gu)?.length ?? 0;
  const others = text.length - units - 2 * astral;
  return Math.ceil(tokens + astral * astralWeight + others * otherWeight);
}

/** As much of the beginning of a text as so many tokens hold, about: what is longer than the window is refused. */
export function beginningOf(text: string, tokens: number): string {
  let kept = text.slice(0, 20_000);
  while (kept !== '' && estimateTokens(kept) > tokens) kept = kept.slice(0, Math.floor(kept.length * 0.8));
  return kept.toWellFormed();
}
