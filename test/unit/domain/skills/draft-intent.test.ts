import { expect, it } from 'vitest';

import { draftRequest } from '../../../../domain/skills/draft-intent.ts';

it.each([
  'Make a skill that shouts a text',
  'make a skill to count words',
  'Please write me a skill which sums numbers.',
  'Could you create a new skill for unit conversion?',
  '  Talos, build a skill that greets\n',
])('%j asks for a skill', (message) => {
  expect(draftRequest(message)).toBe(message.trim());
});

it.each([
  '',
  'Make a skill',
  'make a skill that ',
  'What does "make a skill that shouts" do?',
  'He said: make a skill that shouts a text',
  'Do not make a skill that shouts',
  'Make a cake that shouts',
  'I wrote a skill that shouts',
  `Make a skill that ${'x'.repeat(2000)}`,
])('%j does not', (message) => {
  expect(draftRequest(message)).toBeUndefined();
});
