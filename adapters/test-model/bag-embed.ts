import { type GgufEntry, type GgufTensor, writeGguf } from './gguf.ts';
import { fillers, subjects } from './words.ts';

/** Length of the vectors. */
const embeddingDimensions = 128;

/** Token kinds of the GGUF specification. */
const kind = { normal: 1, control: 3 } as const;

const special = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'] as const;
const place = { pad: 0, unknown: 1, start: 2, end: 3, mask: 4 } as const;

/** How much a token counts in the mean. A word outside the list is spelt in `pair`s, so names are told apart, too. */
const importance = { special: 0.01, filler: 0.05, letter: 0.15, pair: 0.4, word: 1 } as const;

/** Share of a word's vector that it has in common with its subject. */
const subjectShare = 0.6;

/** Marks the first piece of a word in this tokenizer; later pieces stand bare. */
const wordStart = '▁';

const contextLength = 512;
const feedForwardSize = 32;
const heads = 4;

type Piece = { readonly text: string; readonly importance: number; readonly subject?: string };

/**
 * A GGUF of a bert-style embedder that is a bag of words: each token has a fixed pseudo-random vector, the encoder layer
 * is zero, and the mean of the tokens is the embedding.
 */
export function buildBagEmbedder(name: string): Buffer {
  const pieces = buildVocabulary();
  const width = embeddingDimensions;
  const vectors = new Float32Array(pieces.length * width);
  pieces.forEach((piece, index) => vectors.set(vectorOf(piece), index * width));
  return writeGguf(
    [...architecture(name, pieces.length), ...tokenizer(pieces)],
    [
      { name: 'token_embd.weight', shape: [width, pieces.length], data: vectors, precision: 'f16' },
      matrix('position_embd.weight', width, contextLength),
      { ...matrix('token_types.weight', width, 2), precision: 'f32' },
      ...norm('token_embd_norm'),
      ...['attn_q', 'attn_k', 'attn_v', 'attn_output'].flatMap((part) => dense(`blk.0.${part}`, width, width)),
      ...norm('blk.0.attn_output_norm'),
      ...dense('blk.0.ffn_up', width, feedForwardSize),
      ...dense('blk.0.ffn_down', feedForwardSize, width),
      ...norm('blk.0.layer_output_norm'),
    ],
  );
}

function buildVocabulary(): Piece[] {
  const found = new Map<string, Piece>();
  const add = (piece: Piece) => {
    if (!found.has(piece.text)) found.set(piece.text, piece);
  };
  for (const text of special) add({ text, importance: importance.special });
  for (const word of fillers.split(' ')) add({ text: wordStart + word, importance: importance.filler });
  for (const [subject, words] of Object.entries(subjects)) {
    for (const word of words.split(' ')) add({ text: wordStart + word, importance: importance.word, subject });
  }
  const letters = [...range('a', 'z'), ...range('0', '9'), ...range('α', 'ω'), ...range('а', 'я')];
  const latin = range('a', 'z');
  for (const pair of latin.flatMap((first) => latin.map((second) => first + second))) addBoth(pair, importance.pair);
  for (const letter of letters) addBoth(letter, importance.letter);
  for (const mark of '.,;:!?-_/\'"()[]{}<>@#%&*+=$') addBoth(mark, importance.special);
  return [...found.values()];

  function addBoth(text: string, weight: number): void {
    add({ text: wordStart + text, importance: weight });
    add({ text, importance: weight });
  }
}

function range(first: string, last: string): string[] {
  const start = first.charCodeAt(0);
  return Array.from({ length: last.charCodeAt(0) - start + 1 }, (_, step) => String.fromCharCode(start + step));
}

function vectorOf(piece: Piece): Float32Array {
  const own = signs(piece.text);
  if (piece.subject === undefined) return own.map((sign) => sign * piece.importance * unit);
  const shared = signs(`subject ${piece.subject}`);
  const rest = Math.sqrt(1 - subjectShare ** 2);
  return own.map((sign, index) => (rest * sign + subjectShare * (shared[index] ?? 0)) * piece.importance * unit);
}

/** Small against the epsilon of the layer norms, which then leave the importance of a token as it is. */
const unit = 1 / 32;

/** A pseudo-random row of +1 and -1 that depends on the text alone: FNV-1a seeds xorshift32. */
function signs(text: string): Float32Array {
  let state = 2_166_136_261;
  for (const byte of Buffer.from(text)) state = Math.imul(state ^ byte, 16_777_619);
  state ||= 1; // xorshift never leaves zero
  const step = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state;
  };
  for (let round = 0; round < 8; round++) step(); // the first numbers of similar texts are alike
  return new Float32Array(embeddingDimensions).map(() => ((step() >>> 7) & 1 ? 1 : -1));
}

function matrix(name: string, columns: number, rows: number): GgufTensor {
  return { name, shape: [columns, rows], data: new Float32Array(columns * rows), precision: 'f16' };
}

function dense(name: string, columns: number, rows: number): GgufTensor[] {
  const bias: GgufTensor = { name: `${name}.bias`, shape: [rows], data: new Float32Array(rows), precision: 'f32' };
  return [matrix(`${name}.weight`, columns, rows), bias];
}

function norm(name: string): GgufTensor[] {
  const shape = [embeddingDimensions];
  return [
    { name: `${name}.weight`, shape, data: new Float32Array(embeddingDimensions).fill(1), precision: 'f32' },
    { name: `${name}.bias`, shape, data: new Float32Array(embeddingDimensions), precision: 'f32' },
  ];
}

function architecture(name: string, vocabularySize: number): GgufEntry[] {
  return [
    ['general.architecture', 'text', 'bert'],
    ['general.name', 'text', name],
    ['general.file_type', 'u32', 1],
    ['bert.vocab_size', 'u32', vocabularySize],
    ['bert.context_length', 'u32', contextLength],
    ['bert.embedding_length', 'u32', embeddingDimensions],
    ['bert.block_count', 'u32', 1],
    ['bert.feed_forward_length', 'u32', feedForwardSize],
    ['bert.attention.head_count', 'u32', heads],
    ['bert.attention.layer_norm_epsilon', 'f32', 1],
    ['bert.attention.causal', 'bool', false],
    ['bert.pooling_type', 'u32', 1],
  ];
}

function tokenizer(pieces: readonly Piece[]): GgufEntry[] {
  return [
    ['tokenizer.ggml.model', 'text', 'bert'],
    ['tokenizer.ggml.pre', 'text', 'default'],
    ['tokenizer.ggml.token_type_count', 'u32', 2],
    ['tokenizer.ggml.tokens', 'texts', pieces.map(({ text }) => text)],
    ['tokenizer.ggml.scores', 'f32s', pieces.map(() => 0)],
    [
      'tokenizer.ggml.token_type',
      'i32s',
      pieces.map((_, index) => (index < special.length ? kind.control : kind.normal)),
    ],
    ['tokenizer.ggml.padding_token_id', 'u32', place.pad],
    ['tokenizer.ggml.unknown_token_id', 'u32', place.unknown],
    ['tokenizer.ggml.cls_token_id', 'u32', place.start],
    ['tokenizer.ggml.bos_token_id', 'u32', place.start],
    ['tokenizer.ggml.seperator_token_id', 'u32', place.end],
    ['tokenizer.ggml.eos_token_id', 'u32', place.end],
    ['tokenizer.ggml.mask_token_id', 'u32', place.mask],
  ];
}
