/** How the local model is asked. */
export type ModelSettings = {
  readonly chatModel: string;
  /** The small model that answers until the chat model is there. */
  readonly starterModel: string;
  readonly embeddingModel: string;
  readonly systemPrompt: string;
  readonly contextTokens: number;
  readonly maxOutputTokens: number;
  readonly temperature: number;
  readonly think: boolean;
};
