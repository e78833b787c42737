import { chooseChatModel } from '../domain/models/choose.ts';
import type { LanguageModel, TestModels } from '../domain/ports.ts';
import type { Patience } from './patience.ts';

type Deps = {
  readonly model: LanguageModel;
  readonly testModels: TestModels;
  readonly patience: Patience;
  readonly settings: { readonly chatModel: string; readonly ollamaAddress: string };
};

/** The chat model that does the work, made first where there is none; with a notice when it is a built-in one. */
export async function chooseModel(deps: Deps, signal: AbortSignal): Promise<{ model: string; notice?: string }> {
  const { chatModel, ollamaAddress } = deps.settings;
  const installed = await deps.model.installed();
  deps.patience.modelSeen();
  const choice = chooseChatModel(installed, chatModel, ollamaAddress);
  if (choice.kind === 'none') await deps.testModels.install(signal);
  return choice;
}
