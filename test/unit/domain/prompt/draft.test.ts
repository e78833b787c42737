import { describe, expect, it } from 'vitest';

import { promptBudget } from '../../../../domain/prompt/assemble.ts';
import { draftPrompt } from '../../../../domain/prompt/draft.ts';
import { estimateTokens, overheadTokens } from '../../../../domain/prompt/tokens.ts';

const request = 'Make a skill that shouts a text';
const costOf = (messages: readonly { content: string }[]) =>
  messages.reduce((sum, { content }) => sum + estimateTokens(content) + overheadTokens, 0);

describe('what a model is asked to write a skill with', () => {
  it('shows a try that failed whole, with what was wrong', () => {
    const tries = [{ reply: '{"id":"shout"}', problem: 'case a: invalid-output' }];
    const messages = draftPrompt(request, tries, 4000);
    expect(messages.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'user']);
    expect(messages[2]?.content).toBe('{"id":"shout"}');
    expect(messages[3]?.content).toContain('case a: invalid-output');
  });

  it.each([2048, 4096, 8192])('fits a window of %d tokens, however long the try was and what was wrong', (window) => {
    const budget = promptBudget({ contextTokens: window, maxOutputTokens: window / 2 });
    const tries = [{ reply: '{"code":"const a = [1];"}\n'.repeat(800), problem: 'case a: 1 is not 2\n'.repeat(400) }];
    const messages = draftPrompt(request, tries, budget);
    expect(costOf(messages)).toBeLessThanOrEqual(budget);
    expect(messages[2]?.content).toContain('const a = [1];');
    expect(messages[3]?.content).toContain('case a: 1 is not 2');
  });
});
