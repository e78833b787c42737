import type { InstalledModel } from './model.ts';

/** Names of the models Talos makes itself, as the model server lists them without their tag. */
export const testModels = { chat: 'talos-test', thinking: 'talos-test-think', embedding: 'talos-test-embed' } as const;

export type TestModelName = (typeof testModels)[keyof typeof testModels];

/** Suggested where the settings name none but a built-in model. */
const suggested = { chat: 'qwen2.5-coder:7b', embedding: 'nomic-embed-text' } as const;

/**
 * Which model does the work: the wanted one, perhaps with a notice that it is not the one the owner chose; the small starter or a
 * built-in test model in its place, with a notice for the reader; or `none`, when that must be made first.
 */
export type ModelChoice =
  | { readonly kind: 'wanted'; readonly model: string; readonly notice?: string }
  | { readonly kind: 'starter' | 'test' | 'none'; readonly model: string; readonly notice: string };

/** What else may answer: a model the owner has chosen while Talos runs, and a small one until the wanted one is there. */
export type ChatAlternatives = { readonly chosen?: string | undefined; readonly starter?: string };

/** Chooses the chat model: the owner's choice, else the configured one, else the starter, else a built-in one. */
export function chooseChatModel(
  installed: readonly InstalledModel[],
  configured: string,
  { chosen, starter }: ChatAlternatives = {},
): ModelChoice {
  if (chosen === undefined || chosen === configured) return withStarter(installed, configured, starter);
  const choice = chatChoice(installed, chosen);
  if (choice.kind === 'wanted' || isTestModel(chosen)) return choice;
  const instead = withStarter(installed, configured, starter);
  if (instead.kind !== 'wanted') return instead;
  const notice = `The chosen model ${chosen} is not installed; ${instead.model} answers. To get it: ${pullCommand(chosen)}`;
  return { ...instead, notice };
}

function withStarter(installed: readonly InstalledModel[], wanted: string, starter: string | undefined): ModelChoice {
  const choice = chatChoice(installed, wanted);
  if (choice.kind === 'wanted' || isTestModel(wanted) || starter === undefined) return choice;
  const small = choose(installed, starter, testModels.chat);
  if (small.kind !== 'wanted') return choice;
  const notice = `The small model ${small.model} answers until ${shortModelName(wanted)} is there. To get that now: ${pullCommand(wanted)}`;
  return { kind: 'starter', model: small.model, notice };
}

function chatChoice(installed: readonly InstalledModel[], wanted: string): ModelChoice {
  const choice = choose(installed, wanted, testModels.chat);
  if (choice.kind === 'wanted') return choice;
  const pull = pullCommand(isTestModel(wanted) ? suggested.chat : wanted);
  const notice = `The built-in test model answered (model: ${choice.model}); it can only say a few fixed sentences. For a real model run: ${pull}`;
  return { ...choice, notice };
}

/** Chooses the embedding model. */
export function chooseEmbedder(installed: readonly InstalledModel[], wanted: string): ModelChoice {
  const choice = choose(installed, wanted, testModels.embedding);
  if (choice.kind === 'wanted') return choice;
  const pull = pullCommand(isTestModel(wanted) ? suggested.embedding : wanted);
  const notice = `The built-in embedder serves the memory (model: ${choice.model}); it knows a few hundred English words. For a real model run: ${pull}`;
  return { ...choice, notice };
}

/** The command that brings a model into this Talos. */
export function pullCommand(model: string): string {
  return `talos models pull ${model}`;
}

/** An address as it may be shown. */
export function withoutPassword(address: string): string {
  return address.replace(/\/\/[^/]*@/, '//');
}

/**
 * A model name as servers list it, but without the tag every server adds: `x`, `x:latest`, `library/x` and `registry.ollama.ai/library/x` are
 * one model, with https:// or without.
 */
export function shortModelName(name: string): string {
  const listed = name
    .replace(/^https?:\/\//i, '')
    .replace(/^registry\.ollama\.ai\/(?=[^/]+\/[^/]+$)/i, '')
    .replace(/^library\/(?=[^/]+$)/, '');
  return listed.endsWith(':latest') ? listed.slice(0, -':latest'.length) : listed;
}

/** Whether Talos made this model. */
export function isTestModel(name: string): name is TestModelName {
  return Object.values<string>(testModels).includes(shortModelName(name));
}

/** In place of a name: whatever model a server lists, as long as it is a single one. No model can be called so. */
export const onlyListed = '*';

/** The model that is to see images; undefined where it is not there. */
export function chooseVisionModel(installed: readonly InstalledModel[], wanted: string): string | undefined {
  const choice = choose(installed, wanted, testModels.chat);
  const model = choice.kind === 'wanted' ? choice.model : shortModelName(wanted);
  return installed.some(({ name }) => shortModelName(name) === model) ? model : undefined;
}

function choose(installed: readonly InstalledModel[], wanted: string, substitute: TestModelName) {
  const [only, ...others] = installed;
  if (wanted === onlyListed && only !== undefined && others.length === 0) {
    return { kind: 'wanted', model: shortModelName(only.name) } as const;
  }
  const names = new Set(installed.map(({ name }) => shortModelName(name)));
  const model = shortModelName(wanted);
  if (!isTestModel(model) && names.has(model)) return { kind: 'wanted', model } as const;
  const test = isTestModel(model) ? model : substitute;
  return { kind: names.has(test) ? 'test' : 'none', model: test } as const;
}
