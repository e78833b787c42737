import { z } from 'zod';

/**
 * A call the model asks for; `arguments` is whatever JSON object it wrote and must be validated by the tool. Where it wrote none, they are
 * empty and `problem` says so: such a call is not made, and nobody guesses what was meant.
 */
export const ToolCall = z.strictObject({
  id: z.string(),
  name: z.string(),
  arguments: z.record(z.string(), z.unknown()),
  problem: z.string().max(200).optional(),
});
export type ToolCall = z.infer<typeof ToolCall>;

/** A picture as models take it. */
export type ModelImage = { readonly type: 'image/png' | 'image/jpeg' | 'image/webp'; readonly base64: string };

/** One message of a prompt, in the roles chat models know. Only models that can see are sent images. */
export type ModelMessage =
  | { readonly role: 'system'; readonly content: string }
  | { readonly role: 'user'; readonly content: string; readonly images?: readonly ModelImage[] }
  | { readonly role: 'assistant'; readonly content: string; readonly toolCalls?: readonly ToolCall[] }
  | { readonly role: 'tool'; readonly content: string; readonly toolName: string };

/** A tool as a model sees it; `parameters` is JSON Schema. */
export type ToolDefinition = {
  readonly name: string;
  readonly description: string;
  readonly parameters: Readonly<Record<string, unknown>>;
};

/** One call of a chat model. `contextTokens` is the whole window; always sent, since a server's default silently truncates. */
export type ModelRequest = {
  readonly model: string;
  readonly messages: readonly ModelMessage[];
  readonly contextTokens: number;
  readonly maxOutputTokens: number;
  readonly temperature: number;
  readonly think: boolean;
  /** A JSON Schema the answer must follow; the caller validates all the same. */
  readonly format?: Readonly<Record<string, unknown>>;
  readonly tools?: readonly ToolDefinition[];
  /** Keeps the model out of the memory of the GPU. */
  readonly onCpu?: boolean;
};

/** How a model is loaded; servers load it anew for another window or place. */
export type LoadOptions = Partial<Pick<ModelRequest, 'contextTokens' | 'onCpu'>>;

/** What a model streams. `finish` is always last. */
export type ModelEvent =
  | { readonly type: 'text-delta'; readonly text: string }
  | { readonly type: 'reasoning-delta'; readonly text: string }
  | { readonly type: 'tool-call'; readonly call: ToolCall }
  | {
      readonly type: 'finish';
      readonly reason: 'stop' | 'length' | 'tool-calls';
      readonly promptTokens: number;
      readonly outputTokens: number;
      /** Something the reader must know of how the answer was made. */
      readonly notice?: string;
    };

/** A model on the server's disk. `name` always carries its tag, as in `qwen2.5-coder:7b`. */
export type InstalledModel = { readonly name: string; readonly digest: string; readonly sizeBytes: number };

/** What a model can do beside answering a text. */
export type ModelCapabilities = {
  readonly vision: boolean;
  readonly tools: boolean;
  readonly thinking: boolean;
  readonly embedding: boolean;
};

/** A model in memory now. */
export type ResidentModel = { readonly name: string; readonly sizeBytes: number; readonly vramBytes: number };
