import { chooseChatModel } from '../domain/models/choose.ts';
import type { ModelChoices } from '../domain/models/store.ts';
import type { LanguageModel, TestModels } from '../domain/ports.ts';
import type { Patience } from './patience.ts';

type Deps = {
  readonly model: LanguageModel;
  readonly modelPorts: { readonly choices: ModelChoices };
  readonly testModels: TestModels;
  readonly patience: Patience;
  readonly settings: { readonly chatModel: string; readonly starterModel: string };
};

/** The chat model that does the work, made first where there is none; with a notice when it is not the wanted one. */
export async function chooseModel(deps: Deps, signal: AbortSignal): Promise<{ model: string; notice?: string }> {
  const { chatModel, starterModel } = deps.settings;
  const [installed, { chat: chosen }] = await Promise.all([deps.model.installed(), deps.modelPorts.choices.get()]);
  deps.patience.modelSeen();
  const choice = chooseChatModel(installed, chatModel, { chosen, starter: starterModel });
  if (choice.kind === 'none') await deps.testModels.install(signal);
  return choice;
}
