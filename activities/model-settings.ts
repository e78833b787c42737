import type { CloudFallback } from '../domain/routing/decide.ts';

/** How models are asked. */
export type ModelSettings = {
  readonly chatModel: string;
  readonly visionModel: string;
  /** The small model that answers until the chat model is there. */
  readonly starterModel: string;
  readonly embeddingModel: string;
  readonly systemPrompt: string;
  readonly contextTokens: number;
  readonly maxOutputTokens: number;
  readonly temperature: number;
  readonly think: boolean;
  readonly cloud: {
    readonly fallback: CloudFallback;
    readonly shareMemory: boolean;
    readonly maxOutputTokens: number;
  };
};
