import { overflowFix } from '../../domain/models/window.ts';
import { createDetokenizer } from './detokenizer.ts';
import { Failure } from './failure.ts';
import { grammarFor } from './grammar.ts';
import type { Library, Llama, LlamaContext, LlamaModel, LlamaSequence, Template, Token } from './library.ts';
import { renderPrompt } from './prompt.ts';
import type { ChatOrder, ChildWord } from './protocol.ts';

type Parts = {
  readonly library: Library;
  readonly llama: Llama;
  readonly model: LlamaModel;
  readonly template: Template;
  readonly threads: number;
};

/** Tokens read at once: between two portions the reading can be stopped, and whoever waits hears that it goes on. */
const portion = 256;

/** How llama.cpp itself chooses the next token, beside the temperature. */
const sampling = { topK: 40, topP: 0.95, minP: 0.05, yieldEogToken: true } as const;

/** Answers by one model, one order at a time. What it has read for the order before stays read. */
export function createChatModel(parts: Parts) {
  const { model } = parts;
  let open: { context: LlamaContext; sequence: LlamaSequence; asked: number } | undefined;

  async function openWindow(asked: number): Promise<{ sequence: LlamaSequence; size: number }> {
    if (open?.asked !== asked) {
      await open?.context.dispose();
      open = undefined;
      const contextSize = Math.min(asked, model.trainContextSize);
      const context = await model.createContext({ contextSize, sequences: 1, threads: parts.threads });
      open = { context, sequence: context.getSequence(), asked };
    }
    return { sequence: open.sequence, size: Math.min(open.context.contextSize, asked) };
  }

  return {
    async *answer(order: ChatOrder, signal: AbortSignal): AsyncGenerator<ChildWord, void> {
      const prompt = promptTokens(parts, order);
      const { sequence, size } = await openWindow(order.contextTokens);
      if (prompt.tokens.length >= size) {
        throw new Failure('context-overflow', overflowFix(size, order.contextTokens));
      }
      const rest = await rewind(sequence, prompt.tokens);
      while (rest.length > portion) {
        signal.throwIfAborted();
        await sequence.evaluateWithoutGeneratingNewTokens(rest.splice(0, portion));
        yield { type: 'working' };
      }
      if (prompt.opening !== '') yield { type: 'text', text: prompt.opening };
      const room = Math.min(order.maxOutputTokens, size - prompt.tokens.length);
      const grammar = order.format === undefined ? undefined : await grammarFor(parts, order.format);
      yield* speak({ model, sequence, before: prompt.tokens, rest, room }, { ...order, grammar }, signal);
    },
  };
}

type Speech = {
  readonly model: LlamaModel;
  readonly sequence: LlamaSequence;
  readonly before: readonly Token[];
  readonly rest: Token[];
  readonly room: number;
};

async function* speak(
  { model, sequence, before, rest, room }: Speech,
  { temperature, grammar }: { temperature: number; grammar: object | undefined },
  signal: AbortSignal,
): AsyncGenerator<ChildWord, void> {
  const options = { ...sampling, temperature, ...(grammar !== undefined && { grammarEvaluationState: grammar }) };
  const writer = createDetokenizer(model, before);
  let outputTokens = 0;
  let reason: 'stop' | 'length' = 'stop';
  for await (const token of sequence.evaluate(rest, options)) {
    signal.throwIfAborted();
    if (model.isEogToken(token)) break;
    outputTokens += 1;
    const text = writer.push(token);
    if (text !== '') yield { type: 'text', text };
    if (outputTokens >= room) {
      reason = 'length';
      break;
    }
  }
  const text = writer.flush();
  if (text !== '') yield { type: 'text', text };
  yield { type: 'finish', reason, promptTokens: before.length, outputTokens };
}

/** Forgets what the prompt does not begin with; returns what is left to read, at least one token. */
async function rewind(sequence: LlamaSequence, tokens: readonly Token[]): Promise<Token[]> {
  const known = sequence.contextTokens;
  let common = 0;
  while (common < tokens.length - 1 && common < known.length && known[common] === tokens[common]) common += 1;
  if (common < sequence.nextTokenIndex) {
    await sequence.eraseContextTokenRanges([{ start: common, end: sequence.nextTokenIndex }]);
  }
  return tokens.slice(sequence.nextTokenIndex); // some models forget more than they are told to
}

/** The tokens of a prompt, and what its answer has to begin with to be understood. */
export function promptTokens(
  { model, template }: Pick<Parts, 'model' | 'template'>,
  order: Pick<ChatOrder, 'messages' | 'tools' | 'think'>,
) {
  const { bos, bosString, eosString, shouldPrependBosToken } = model.tokens;
  const pieces = renderPrompt(
    {
      template,
      bosToken: bosString ?? '',
      eosToken: eosString ?? '',
      specialTexts: (text) => specialTexts(model, text),
    },
    order,
  );
  const tokens = pieces.flatMap(({ text, plain }) => model.tokenize(text, !plain));
  if (shouldPrependBosToken && bos !== null && tokens[0] !== bos) tokens.unshift(bos);
  // a template that opens the thoughts itself: the answer begins inside of them
  const opensThoughts = /<think>\s*$/.test(pieces.at(-1)?.text ?? '');
  return { tokens, opening: opensThoughts ? '<think>' : '' };
}

function specialTexts(model: LlamaModel, text: string): string[] {
  const special = new Set(model.tokenize(text, true).filter((token) => model.isSpecialToken(token)));
  return [...special].map((token) => model.detokenize([token], true)).filter((spelling) => spelling !== '');
}
