import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

/** A piece of text as the model counts it. */
export type Token = number & { readonly __token?: never };

/** What we use of node-llama-cpp, which is fetched on demand and so has no types here. https://node-llama-cpp.withcat.ai/api */
export type Library = {
  getLlama(options: {
    build: 'never';
    gpu: false | 'auto';
    logLevel: string;
    progressLogs: false;
    skipDownload: true;
  }): Promise<Llama>;
  LlamaGrammarEvaluationState: new (options: { model: LlamaModel; grammar: object }) => object;
  InsufficientMemoryError: new () => Error;
};

/** The engine with the code for this machine. */
export type Llama = {
  readonly cpuMathCores: number;
  loadModel(options: { modelPath: string; gpuLayers?: number }): Promise<LlamaModel>;
  createGrammarForJsonSchema(schema: object): Promise<{ readonly grammar: string }>;
  createGrammar(options: { grammar: string }): Promise<object>;
};

/** A model in memory. */
export type LlamaModel = {
  readonly trainContextSize: number;
  readonly fileInfo: { readonly metadata: { readonly tokenizer?: { readonly chat_template?: unknown } } };
  readonly tokens: {
    readonly bos: Token | null;
    readonly bosString: string | null;
    readonly eosString: string | null;
    readonly shouldPrependBosToken: boolean;
  };
  tokenize(text: string, specialTokens: boolean): Token[];
  detokenize(tokens: readonly Token[], specialTokens: boolean, lastTokens?: readonly Token[]): string;
  isSpecialToken(token: Token): boolean;
  isEogToken(token: Token): boolean;
  createContext(options: { contextSize: number; sequences: 1; threads: number }): Promise<LlamaContext>;
  createEmbeddingContext(options: { contextSize: number; threads: number }): Promise<LlamaEmbeddingContext>;
  dispose(): Promise<void>;
};

/** The memory of one window. */
export type LlamaContext = {
  readonly contextSize: number;
  getSequence(): LlamaSequence;
  dispose(): Promise<void>;
};

/** What a model has read and said so far. */
export type LlamaSequence = {
  readonly contextTokens: readonly Token[];
  readonly nextTokenIndex: number;
  eraseContextTokenRanges(ranges: { start: number; end: number }[]): Promise<void>;
  evaluateWithoutGeneratingNewTokens(tokens: Token[]): Promise<void>;
  evaluate(
    tokens: Token[],
    options: {
      temperature: number;
      topK: number;
      topP: number;
      minP: number;
      yieldEogToken: true;
      grammarEvaluationState?: object;
    },
  ): AsyncIterable<Token>;
};

/** Turns texts into vectors. */
export type LlamaEmbeddingContext = {
  getEmbeddingFor(tokens: Token[]): Promise<{ readonly vector: readonly number[] }>;
};

/** A chat template of a model. */
export type Template = { render(values: Record<string, unknown>): string };

/** The library and its template language, from the file the library begins with. */
export async function loadLibrary(
  program: string,
): Promise<{ library: Library; Template: new (source: string) => Template; hasGpuBuild: boolean }> {
  const address = pathToFileURL(program).href;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the version is pinned and the contract tests run over it
  const library = (await import(address)) as Library;
  const jinja = createRequire(address).resolve('@huggingface/jinja');
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as above
  const { Template } = (await import(pathToFileURL(jinja).href)) as { Template: new (source: string) => Template };
  return { library, Template, hasGpuBuild: hasGpuBuild(program) };
}

/** Builds for graphics cards lie beside the one for the processor. */
function hasGpuBuild(program: string): boolean {
  const builds = program.replace(/node-llama-cpp\/dist\/index\.js$/, '@node-llama-cpp');
  return existsSync(builds) && readdirSync(builds).some((name) => /cuda|vulkan|metal/.test(name));
}
