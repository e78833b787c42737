import { describe, expect, it } from 'vitest';

import type { JsonObject, JsonValue } from '../../../../domain/json.ts';
import { assemblePrompt } from '../../../../domain/prompt/assemble.ts';
import { messageTokens } from '../../../../domain/prompt/tokens.ts';
import { toolExchange } from '../../../../domain/prompt/tool-exchange.ts';
import type { SkillRunRecord } from '../../../../domain/skills/run.ts';
import type { ToolRound } from '../../../../domain/skills/tool-rounds.ts';
import { hashOf } from '../skills/build.ts';

const marker = '0123456789abcdef';

function ran(output: JsonValue): SkillRunRecord {
  const base = { skill: 's', key: 'k', inputBy: 'model', inputHash: hashOf('a'), createdAt: 1 } as const;
  return { ...base, state: 'ok', output, result: { state: 'ok', egress: [], log: '', finishedAt: 1 } };
}

function rounds(given: JsonObject): ToolRound[] {
  const run = { skill: 's', key: 'k', hash: hashOf('a') };
  return [{ text: 'Let me see.', calls: [{ id: '1-1', call: { id: 'c', name: 's', arguments: given }, run }] }];
}

const limits = { contextTokens: 8192, maxOutputTokens: 2048 };
function prompt(given: JsonObject, output: JsonValue) {
  const exchange = toolExchange(rounds(given), { run: () => ran(output), marker, tokens: 3600 });
  const skills = { tools: [], exchange };
  return assemblePrompt({ system: '', memories: [], recent: [], message: 'hello', limits, marker, skills });
}

describe('what a skill returned, in a prompt', () => {
  it.each<[string, JsonValue]>([
    ['many short lines', '12\n'.repeat(20_000)],
    ['empty lines', '\n'.repeat(60_000)],
    ['quotes and backslashes', '"\\'.repeat(20_000)],
    ['ends of messages', '<|x|>'.repeat(10_000)],
  ])('takes no more than its share: %s', (_name, output) => {
    expect(prompt({}, output).report.toolTokens).toBeLessThanOrEqual(3600);
  });

  it('leaves room also where the model handed over a long text', () => {
    const { messages, report } = prompt({ text: 'word\n'.repeat(10_000) }, 'the result');
    expect(report.toolTokens).toBeLessThanOrEqual(3600);
    expect(messages.at(-1)?.content).toContain('> the result');
  });

  it.each<[string, JsonObject]>([
    ['arguments', Object.fromEntries(Array.from({ length: 3000 }, (_, place) => [`a${place}`, place]))],
    ['one long name', { ['a'.repeat(20_000)]: 1 }],
  ])('leaves room also where the model handed over too many: %s', (_name, given) => {
    const { messages, report } = prompt(given, 'the result');
    expect(report.toolTokens).toBeLessThanOrEqual(3600);
    expect(JSON.stringify(messages)).toMatch(/cut short: \d+ more arguments/);
    expect(messages.at(-1)?.content).toContain('> the result');
  });

  it('leaves room also where the model made up a tool with an endless name', () => {
    const call = { id: 'c', name: 'do_it_'.repeat(5000), arguments: {} };
    const calls = [{ id: '1-1', call, refusal: 'There is no tool of this name.' }];
    const exchange = toolExchange([{ text: '', calls }], { run: () => undefined, marker, tokens: 400 });
    expect(exchange.reduce((sum, message) => sum + messageTokens(message), 0)).toBeLessThanOrEqual(400);
  });

  it('takes no more than its share: a long reason why a call was not made', () => {
    const [round] = rounds({ a: 1 });
    const calls = (round?.calls ?? []).map(({ run: _run, ...call }) => ({ ...call, refusal: 'no '.repeat(9999) }));
    const exchange = toolExchange([{ text: '', calls }], { run: () => undefined, marker, tokens: 400 });
    expect(exchange.reduce((sum, message) => sum + messageTokens(message), 0)).toBeLessThanOrEqual(400);
  });

  it('leaves out the oldest rounds where the frames of all of them do not fit', () => {
    const many = [1, 2, 3, 4].flatMap((place) => rounds({ place }));
    const exchange = toolExchange(many, { run: () => ran('x'.repeat(9999)), marker, tokens: 400 });
    expect(exchange.reduce((sum, message) => sum + messageTokens(message), 0)).toBeLessThanOrEqual(400);
    expect(JSON.stringify(exchange)).toContain('"place":4');
  });
});
