import { chatTemplate, controlTokens } from './chat-template.ts';
import { type GgufEntry, writeGguf } from './gguf.ts';
import { scriptNames, scripts } from './script.ts';

/** Token kinds of the GGUF specification. */
const kind = { normal: 1, unknown: 2, control: 3, byte: 6 } as const;

/** Places of the tokens every vocabulary begins with. */
const special = { pad: 0, end: 1, unknown: 2 } as const;

type Token = { readonly text: string; readonly kind: number };
type Vocabulary = { readonly tokens: readonly Token[]; readonly successors: ReadonlyMap<number, number> };

/** Head size of the attention, which does nothing here. */
const headSize = 32;
const feedForwardSize = 32;

/**
 * Strength of the weights from one token to the next. Normalising multiplies them by the square root of the width (about 20),
 * so a successor leads by more than a hundred nats and is certain at any temperature. The rest matters under a JSON schema only.
 */
const weight = { successor: 8, end: -6, space: -7, never: -16 } as const;

/** Under a JSON schema, what closes a value comes before what opens or lengthens one: answers stay short and always end. */
const preferredBytes = '"}],:';

/**
 * A GGUF of a llama-style chat model whose weights are set by hand. Each token's embedding is a vector of its own and the output
 * matrix names its successor, so the model recites: the chat template ends the prompt with the token of a reply. Text it does
 * not know becomes one `unknown` token, so that no prompt Talos makes is too long for it.
 */
export function buildScriptedChat(options: { name: string; thinking: boolean }): Buffer {
  const vocabulary = buildVocabulary(options.thinking);
  const features = featureOf(vocabulary);
  const width = Math.ceil((Math.max(...features) + 1) / headSize) * headSize;
  const size = vocabulary.tokens.length;
  const ones = new Float32Array(width).fill(1);
  const zeros = (columns: number, rows: number) => new Float32Array(columns * rows);
  const layer = (name: string, columns: number, rows: number) =>
    ({ name: `blk.0.${name}.weight`, shape: [columns, rows], data: zeros(columns, rows), precision: 'f16' }) as const;
  return writeGguf(
    [
      ...architecture(options.name, width, size),
      ...tokenizer(vocabulary),
      ['tokenizer.chat_template', 'text', chatTemplate(options)],
    ],
    [
      { name: 'token_embd.weight', shape: [width, size], data: embeddings(features, width), precision: 'f16' },
      { name: 'output_norm.weight', shape: [width], data: ones, precision: 'f32' },
      { name: 'output.weight', shape: [width, size], data: outputs(vocabulary, features, width), precision: 'f16' },
      { name: 'blk.0.attn_norm.weight', shape: [width], data: ones, precision: 'f32' },
      layer('attn_q', width, headSize),
      layer('attn_k', width, headSize),
      layer('attn_v', width, headSize),
      layer('attn_output', headSize, width),
      { name: 'blk.0.ffn_norm.weight', shape: [width], data: ones, precision: 'f32' },
      layer('ffn_gate', width, feedForwardSize),
      layer('ffn_up', width, feedForwardSize),
      layer('ffn_down', feedForwardSize, width),
    ],
  );
}

function buildVocabulary(thinking: boolean): Vocabulary {
  const tokens: Token[] = [
    { text: '<pad>', kind: kind.control },
    { text: controlTokens.messageEnd, kind: kind.control },
    { text: '<unk>', kind: kind.unknown },
    { text: controlTokens.messageStart, kind: kind.control },
    ...Array.from({ length: 256 }, (_, byte) => ({ text: byteToken(byte), kind: kind.byte })),
  ];
  const successors = new Map<number, number>();
  const add = (text: string, tokenKind: number) => tokens.push({ text, kind: tokenKind }) - 1;
  const follow = (from: number, pieces: readonly string[]) => {
    const places = pieces.map((piece) => add(piece.replaceAll(' ', '▁'), kind.normal));
    [from, ...places].forEach((place, index) => successors.set(place, places[index] ?? special.end));
    return places;
  };
  for (const name of scriptNames) {
    const script = scripts[name];
    const places = follow(add(controlTokens.reply(name), kind.control), script.reply);
    const [first = special.end, second = special.end] = places;
    if ('endless' in script) successors.set(places.at(-1) ?? first, second);
    if (!thinking) continue;
    const thoughts = follow(add(controlTokens.thought(name), kind.control), thoughtPieces(script.thought));
    successors.set(thoughts.at(-1) ?? special.end, first);
  }
  if (new Set(tokens.map(({ text }) => text)).size !== tokens.length)
    throw new Error('two pieces of the script are equal');
  return { tokens, successors };
}

function thoughtPieces(thought: readonly string[]): string[] {
  return thought.map((piece, index) => {
    const opened = index === 0 ? `<think>\n${piece}` : piece;
    return index === thought.length - 1 ? `${opened}\n</think>\n\n` : opened;
  });
}

/** Tokens with a successor have a feature of their own; all others share feature 0. */
function featureOf({ tokens, successors }: Vocabulary): number[] {
  let next = 1;
  return tokens.map((_, place) => (successors.has(place) ? next++ : 0));
}

function embeddings(features: readonly number[], width: number): Float32Array {
  const data = new Float32Array(features.length * width);
  features.forEach((feature, place) => (data[place * width + feature] = 1));
  return data;
}

function outputs({ tokens, successors }: Vocabulary, features: readonly number[], width: number): Float32Array {
  const data = new Float32Array(tokens.length * width);
  tokens.forEach((token, place) => data.fill(unaskedWeight(token, place), place * width, (place + 1) * width));
  const start = tokens.findIndex(({ text }) => text === controlTokens.reply('default'));
  for (const [from, to] of [...successors, [special.unknown, successors.get(start) ?? special.end] as const]) {
    data[to * width + (features[from] ?? 0)] = weight.successor;
  }
  return data;
}

/** The weight of a token where it is nobody's successor. All bytes differ, so that the choice is never a tie. */
function unaskedWeight(token: Token, place: number): number {
  if (place === special.end) return weight.end;
  if (token.kind !== kind.byte) return weight.never;
  const byte = place - byteOffset;
  const preferred = preferredBytes.indexOf(String.fromCharCode(byte));
  if (preferred >= 0) return -preferred / 2;
  const isLetterOrDigit = /[a-z0-9]/i.test(String.fromCharCode(byte));
  if (byte <= 32) return weight.space - byte / 64;
  return (isLetterOrDigit ? -3 : -4) - byte / 256;
}

const byteOffset = 4;

function byteToken(byte: number): string {
  return `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;
}

function architecture(name: string, width: number, vocabularySize: number): GgufEntry[] {
  return [
    ['general.architecture', 'text', 'llama'],
    ['general.name', 'text', name],
    ['general.file_type', 'u32', 1],
    ['general.quantization_version', 'u32', 2],
    ['llama.context_length', 'u32', 131_072],
    ['llama.embedding_length', 'u32', width],
    ['llama.block_count', 'u32', 1],
    ['llama.feed_forward_length', 'u32', feedForwardSize],
    ['llama.attention.head_count', 'u32', 1],
    ['llama.attention.head_count_kv', 'u32', 1],
    ['llama.attention.key_length', 'u32', headSize],
    ['llama.attention.value_length', 'u32', headSize],
    ['llama.attention.layer_norm_rms_epsilon', 'f32', 1e-6],
    ['llama.rope.dimension_count', 'u32', headSize],
    ['llama.vocab_size', 'u32', vocabularySize],
  ];
}

/** A unigram tokenizer: unlike byte-pair encoding it joins neighbouring unknown characters into one token. */
function tokenizer({ tokens }: Vocabulary): GgufEntry[] {
  return [
    ['tokenizer.ggml.model', 'text', 't5'],
    ['tokenizer.ggml.tokens', 'texts', tokens.map(({ text }) => text)],
    ['tokenizer.ggml.scores', 'f32s', tokens.map(() => -1)],
    ['tokenizer.ggml.token_type', 'i32s', tokens.map((token) => token.kind)],
    ['tokenizer.ggml.padding_token_id', 'u32', special.pad],
    ['tokenizer.ggml.eos_token_id', 'u32', special.end],
    ['tokenizer.ggml.unknown_token_id', 'u32', special.unknown],
    ['tokenizer.ggml.add_bos_token', 'bool', false],
    ['tokenizer.ggml.add_eos_token', 'bool', false],
    ['tokenizer.ggml.add_space_prefix', 'bool', false],
    ['tokenizer.ggml.remove_extra_whitespaces', 'bool', false],
  ];
}
