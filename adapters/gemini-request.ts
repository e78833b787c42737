import type { Content, GenerateContentConfig } from '@google/genai';

import type { CloudRequest } from '../domain/cloud/ports.ts';
import type { ModelMessage } from '../domain/models/model.ts';

/** What goes to Gemini: the conversation, and how to answer. */
export type GeminiRequest = { readonly contents: Content[]; readonly config: GenerateContentConfig };

/**
 * The words of a request as Gemini takes them. Texts only: no images, and results of tools as what the user shows. Half characters
 * would be refused, so they are replaced.
 */
export function toGeminiRequest({
  messages,
  maxOutputTokens,
  temperature,
  think,
  format,
}: CloudRequest): GeminiRequest {
  const system = messages.flatMap((message) => (message.role === 'system' ? [message.content.toWellFormed()] : []));
  return {
    contents: toContents(messages),
    config: {
      maxOutputTokens,
      temperature,
      ...(system.length > 0 && { systemInstruction: system.join('\n\n') }),
      ...(think && { thinkingConfig: { includeThoughts: true } }),
      ...(format !== undefined && { responseMimeType: 'application/json', responseJsonSchema: format }),
    },
  };
}

/** Gemini wants user and model in turns: what one says in a row becomes parts of one turn. */
function toContents(messages: readonly ModelMessage[]): Content[] {
  const turns: { role: 'user' | 'model'; parts: { text: string }[] }[] = [];
  for (const { role, content } of messages) {
    if (role === 'system' || content === '') continue;
    const speaker = role === 'assistant' ? 'model' : 'user';
    const part = { text: content.toWellFormed() };
    const last = turns.at(-1);
    if (last?.role === speaker) last.parts.push(part);
    else turns.push({ role: speaker, parts: [part] });
  }
  return turns;
}
