import { randomUUID } from 'node:crypto';

import { assemblePrompt } from '../../domain/prompt/assemble.ts';
import { defaultSystemPrompt } from '../../domain/prompt/system-prompt.ts';
import { decideRoute } from '../../domain/routing/decide.ts';
import { type Figures, figures } from './figures.ts';

const samples = 500;
const words = 'The kettle stands on the stove and the key hangs beside the door where it always was. ';

/** What deciding a route and assembling a full prompt take, in microseconds: ten memories, forty earlier messages, 8,192 tokens. */
export function measureRouting(): Figures {
  const memories = Array.from({ length: 10 }, (_, index) => ({
    id: `m-${index}`,
    collection: 'knowledge_base' as const,
    text: words.repeat(5),
    createdAt: index,
  }));
  const recent = Array.from({ length: 40 }, (_, index) => ({ text: `${index} ${words}`, reply: words.repeat(3) }));
  const marker = randomUUID();
  const measured: number[] = [];
  for (let index = 0; index < samples + 100; index += 1) {
    const startedAt = performance.now();
    decideRoute({ hasImages: false, cloud: { kind: 'not-configured' }, fallback: 'auto' });
    assemblePrompt({
      system: defaultSystemPrompt,
      memories,
      recent,
      message: words.repeat(4),
      limits: { contextTokens: 8192, maxOutputTokens: 2048 },
      marker,
    });
    if (index >= 100) measured.push((performance.now() - startedAt) * 1000);
  }
  return figures(measured);
}
