import { describe, expect, it } from 'vitest';

import { structuredReply } from '../../../activities/structured-reply.ts';
import { createMemoryLanguageModel } from '../../../adapters/memory/language-model.ts';
import { promptBudget } from '../../../domain/prompt/assemble.ts';
import { estimateTokens } from '../../../domain/prompt/tokens.ts';
import type { ModelRequest } from '../../../domain/models/model.ts';

const request = {
  model: 'talos-test',
  messages: [{ role: 'user', content: 'how many?' }],
  contextTokens: 2048,
  maxOutputTokens: 64,
  temperature: 0,
  think: false,
  format: { type: 'object' },
} as const;
const read = (reply: string) =>
  /^\d+$/.test(reply)
    ? ({ ok: true, value: Number(reply) } as const)
    : ({ ok: false, problem: `no number: ${reply}` } as const);

function scripted(...replies: string[]) {
  const requests: ModelRequest[] = [];
  const model = createMemoryLanguageModel({
    reply: (asked) => {
      requests.push(asked);
      return [replies[requests.length - 1] ?? 'nothing more'];
    },
  });
  return { requests, ask: () => structuredReply(model, { request, read, signal: AbortSignal.timeout(5000) }) };
}

describe('an answer in a form', () => {
  it('is taken as it is when it has the form', async () => {
    const { requests, ask } = scripted('42');
    expect(await ask()).toEqual({ reply: '42', value: 42 });
    expect(requests).toHaveLength(1);
  });

  it('is mended once, by the model itself, which hears what was wrong', async () => {
    const { requests, ask } = scripted('forty-two', '42');
    expect(await ask()).toEqual({ reply: '42', value: 42 });
    expect(requests[1]?.messages.slice(1)).toMatchObject([
      { role: 'assistant', content: 'forty-two' },
      { role: 'user', content: expect.stringContaining('no number: forty-two') },
    ]);
  });

  it('is shown to the model no longer than its window has room for, beside the task and what is wrong', async () => {
    const { requests, ask } = scripted('x = [1, 2];\n'.repeat(2000), '42');
    expect(await ask()).toEqual({ reply: '42', value: 42 });
    const [task, shown, wrong] = (requests[1]?.messages ?? []).map(({ content }) => content);
    expect([task, wrong]).toEqual(['how many?', expect.stringContaining('no number')]);
    expect(shown).toMatch(/^x = /);
    expect(estimateTokens(`${task}${shown}${wrong}`)).toBeLessThan(promptBudget(request));
  });

  it('is never mended twice and never guessed', async () => {
    const { requests, ask } = scripted('forty-two', 'around 42', '42');
    await expect(ask()).rejects.toMatchObject({ code: 'REPLY_INVALID' });
    expect(requests).toHaveLength(2);
  });
});
