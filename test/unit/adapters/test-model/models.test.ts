import { createHash } from 'node:crypto';

import { describe, expect, it } from 'vitest';

import { chatTemplate } from '../../../../adapters/test-model/chat-template.ts';
import { buildTestModel } from '../../../../adapters/test-model/ensure.ts';
import { chooseScript, replyText, scriptNames, scripts } from '../../../../adapters/test-model/script.ts';
import { fillers, subjects } from '../../../../adapters/test-model/words.ts';

describe('the built-in models', () => {
  it.each([
    ['talos-test', '4576cc9a86df1222133f68c9ed198a0b0a2de1a6f8891522bb66554367638219'],
    ['talos-test-think', '2165d1a5d50d01c877776854bf56a656a29a7a1e4d7bc36e2969423be3645a49'],
    ['talos-test-embed', '85bdc1c7a004479ab4178b6138f8c174230bdc5b017757ccc5ad7250b022ef63'],
  ] as const)('%s is the same file every time, everywhere', (name, digest) => {
    const file = buildTestModel(name);
    expect(file.length).toBeLessThan(4_000_000);
    expect(createHash('sha256').update(file).digest('hex')).toBe(digest);
    expect(buildTestModel(name).equals(file)).toBe(true);
  });
});

describe('the script', () => {
  it('says what a newcomer reads', () => {
    expect(replyText('default')).toBe('Hello from the built-in test model.');
    expect(replyText('result')).toBe('It is sunny in Paris today.');
    expect(replyText('weather')).toBe(
      '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Paris"}}\n</tool_call>',
    );
  });

  it('streams a story in many pieces and counts in hundreds', () => {
    expect(scripts.story.reply.length).toBeGreaterThan(15);
    expect(scripts.long.reply.length).toBeGreaterThan(200);
  });

  it('never uses a piece twice, for a piece decides what comes next', () => {
    const pieces = scriptNames.flatMap((name) => [...scripts[name].reply, ...scripts[name].thought]);
    expect(new Set(pieces).size).toBe(pieces.length);
    expect(scriptNames.toSorted()).toEqual(Object.keys(scripts).toSorted());
  });

  it.each([
    ['Tell me a story, please!', false, 'story'],
    ['LONG', false, 'long'],
    ['go on forever', false, 'forever'],
    ['along the history of weathering', true, 'default'],
    ['How is the weather?', true, 'weather'],
    ['How is the weather?', false, 'default'],
    ['', false, 'default'],
    ['shout hello please', true, 'shout'],
    ['shout hello please', false, 'default'],
    ['Answer with one skill-draft as JSON.', false, 'draft'],
    ['Make a skill that shouts a text', true, 'default'],
  ])('answers %j (tools: %s) by %s', (content, tools, expected) => {
    expect(chooseScript({ role: 'user', content }, tools)).toBe(expected);
  });

  it('answers the result of a tool, whatever it holds', () => {
    expect(chooseScript({ role: 'tool', content: 'a story' }, true)).toBe('result');
    expect(chooseScript({ role: 'tool', content: '> {"text":"HELLO PLEASE"}' }, true)).toBe('shouted');
  });
});

describe('the chat template', () => {
  it('knows thoughts only where the model thinks', () => {
    expect(chatTemplate({ thinking: true })).toContain('enable_thinking');
    expect(chatTemplate({ thinking: false })).not.toContain('think');
  });
});

describe('the words of the embedder', () => {
  const known = Object.values(subjects).flatMap((words) => words.split(' '));

  it('are a few hundred plain lower-case words', () => {
    expect(known.length).toBeGreaterThan(400);
    for (const word of [...known, ...fillers.split(' ')]) expect(word).toMatch(/^[a-z]+$/);
  });

  it('do not count a filler as a subject', () => {
    const filling = new Set(fillers.split(' '));
    expect(known.filter((word) => filling.has(word))).toEqual([]);
  });
});
