import type { Template } from './library.ts';
import type { ChatOrder, TemplateMessage } from './protocol.ts';

/** A piece of a prompt. In a `plain` one nothing counts as a token of the template, however it is spelt. */
export type PromptPiece = { readonly text: string; readonly plain: boolean };

type PromptOptions = {
  readonly template: Template;
  readonly bosToken: string;
  readonly eosToken: string;
  /** The spellings of the template's own tokens that a text contains. */
  specialTexts(text: string): readonly string[];
};

/** Bracket a number that stands for a spelling. Characters of the private use area: no text needs them. */
const [left, right] = ['\uE000', '\uE001'];
const marks = /[\uE000\uE001]/g;

/**
 * The prompt a model's own template makes of the messages. What people and tools wrote cannot end a message or begin one: where it spells a
 * token of the template, that piece is plain text.
 */
export function renderPrompt(
  { template, ...options }: PromptOptions,
  { messages, tools, think }: Pick<ChatOrder, 'messages' | 'tools' | 'think'>,
): PromptPiece[] {
  const hidden: string[] = [];
  const cover = (spelling: string) => `${left}${hidden.push(spelling) - 1}${right}`;
  const hide = (text: string): string => {
    const spellings = options.specialTexts(text).toSorted((one, other) => other.length - one.length);
    return spellings.reduce((covered, spelling) => covered.replaceAll(spelling, cover), text.replaceAll(marks, cover));
  };
  const values = {
    add_generation_prompt: true,
    bos_token: options.bosToken,
    eos_token: options.eosToken,
    enable_thinking: think,
    ...(tools.length > 0 && { tools: tools.map((tool) => mapTexts(tool, hide)) }),
  };
  const render = (list: readonly TemplateMessage[]) =>
    template.render({ ...values, messages: list.map((message) => hideMessage(message, hide)) });
  return split(renderEither(render, messages), hidden);
}

/** Some templates refuse a system message; then what it says goes before the first message of the user. */
function renderEither(
  render: (messages: readonly TemplateMessage[]) => string,
  messages: readonly TemplateMessage[],
): string {
  try {
    return render(messages);
  } catch (error) {
    const [system, user, ...others] = messages;
    if (system?.role !== 'system' || user?.role !== 'user') throw error;
    return render([{ ...user, content: `${system.content}\n\n${user.content}` }, ...others]);
  }
}

function hideMessage({ role, ...texts }: TemplateMessage, hide: (text: string) => string): unknown {
  return { role, ...Object.fromEntries(Object.entries(texts).map(([key, value]) => [key, mapTexts(value, hide)])) };
}

function mapTexts(value: unknown, map: (text: string) => string): unknown {
  if (typeof value === 'string') return map(value);
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, map));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [map(key), mapTexts(item, map)]));
}

function split(prompt: string, hidden: readonly string[]): PromptPiece[] {
  const parts = prompt.split(/\uE000(\d+)\uE001/);
  return parts
    .map((text, index) =>
      index % 2 === 0 ? { text, plain: false } : { text: hidden[Number(text)] ?? '', plain: true },
    )
    .filter(({ text }) => text !== '');
}
