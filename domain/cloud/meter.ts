import { estimateTokens } from '../prompt/tokens.ts';
import type { CloudPiece, CloudRequest } from './ports.ts';

/** Characters of text that cost a token at the very least. */
const maxCharactersPerToken = 8;

/** What the words around a message cost. */
const tokensPerMessage = 8;

/** A careful guess of what a request costs before a word is answered. */
export function estimatePrompt({ messages, format }: CloudRequest): number {
  const texts = messages.map(({ content }) => estimateTokens(content) + tokensPerMessage);
  return texts.reduce((sum, tokens) => sum + tokens, format === undefined ? 0 : estimateTokens(JSON.stringify(format)));
}

/** Counts what one call costs: by what the cloud says, and by the text where it says nothing. */
export function createMeter(promptEstimate: number) {
  let named: { promptTokens: number; outputTokens: number } | undefined;
  let characters = 0;
  let estimate = 0;

  const least = () => {
    const { promptTokens = 0, outputTokens = 0 } = named ?? {};
    return promptTokens + Math.max(outputTokens, Math.floor(characters / maxCharactersPerToken));
  };

  return {
    note(piece: CloudPiece): void {
      if (piece.type === 'usage') named = piece;
      if (piece.type !== 'text-delta' && piece.type !== 'reasoning-delta') return;
      characters += piece.text.length;
      estimate += estimateTokens(piece.text);
    },
    /** Never more than was used: what a running answer is stopped by. */
    least,
    /** What is booked, and what the answer tells of. */
    usage(): { promptTokens: number; outputTokens: number } {
      if (named === undefined) return { promptTokens: promptEstimate, outputTokens: estimate };
      return { promptTokens: named.promptTokens, outputTokens: least() - named.promptTokens };
    },
    hasBegun: () => named !== undefined || characters > 0,
  };
}

export type Meter = ReturnType<typeof createMeter>;
