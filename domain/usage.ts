import type { TokenUsage } from './chat.ts';

/** What two calls of a model cost together. */
export function addUsage(a: TokenUsage, b: TokenUsage): TokenUsage {
  return { promptTokens: a.promptTokens + b.promptTokens, outputTokens: a.outputTokens + b.outputTokens };
}

/** How long two calls of a model took together; a call of a former version did not say. */
export function addMs(a: number | undefined, b: number | undefined): number {
  return (a ?? 0) + (b ?? 0);
}
