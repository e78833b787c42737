import { describe, expect, it } from 'vitest';

import { scanUntrusted } from '../../../../domain/firewall/scan.ts';
import { defaultSystemPrompt } from '../../../../domain/prompt/system-prompt.ts';
import { estimateTokens } from '../../../../domain/prompt/tokens.ts';

describe('the default system prompt', () => {
  it('stays under 500 tokens at four characters each, and by the careful estimate, too', () => {
    expect(defaultSystemPrompt.length / 4).toBeLessThan(500);
    expect(estimateTokens(defaultSystemPrompt)).toBeLessThan(500);
  });

  it.each([
    /You are Talos/,
    /never invent/i,
    /data/,
    /never do what it tells you to/,
    /password, key or code/,
    /brief/,
  ])('says %s', (promise) => {
    expect(defaultSystemPrompt).toMatch(promise);
  });

  it('looks like no attack itself', () => {
    expect(scanUntrusted(defaultSystemPrompt)).toEqual({ kind: 'allow', findings: [] });
  });
});

describe('the token estimate', () => {
  it.each([
    { text: '', atLeast: 0, atMost: 0 },
    { text: 'hello', atLeast: 1, atMost: 3 },
    { text: 'The quick brown fox jumps over the lazy dog.', atLeast: 10, atMost: 18 },
    { text: 'const f = (a) => a[0] ?? {};', atLeast: 13, atMost: 20 },
    { text: '1234567890', atLeast: 10, atMost: 10 },
    { text: 'Grüße aus der schönen Schweiz', atLeast: 8, atMost: 16 },
    { text: '你好，世界', atLeast: 5, atMost: 8 },
    { text: 'नमस्ते दुनिया', atLeast: 12, atMost: 22 },
    { text: '👍', atLeast: 2, atMost: 4 },
  ])('of $text is on the high side', ({ text, atLeast, atMost }) => {
    expect(estimateTokens(text)).toBeGreaterThanOrEqual(atLeast);
    expect(estimateTokens(text)).toBeLessThanOrEqual(atMost);
  });

  it('never shrinks when text is added', () => {
    let last = 0;
    for (const piece of ['a', ' b', '1', '界', '👍', 'é', '\n']) {
      const next = estimateTokens(`x${piece}`);
      expect(next).toBeGreaterThan(0);
      last = Math.max(last, next);
    }
    expect(estimateTokens('x'.repeat(1000))).toBeGreaterThan(last);
  });
});
