/** How the local model is asked. */
export type ModelSettings = {
  readonly chatModel: string;
  readonly visionModel: string;
  readonly embeddingModel: string;
  readonly ollamaAddress: string;
  readonly systemPrompt: string;
  readonly contextTokens: number;
  readonly maxOutputTokens: number;
  readonly temperature: number;
  readonly think: boolean;
};
