import { isTestModel, shortModelName } from './choose.ts';
import type { InstalledModel } from './model.ts';

/** The models a machine is to have by itself. */
export type WantedModels = { readonly starter: string; readonly chat: string; readonly embedding: string };

/** What to pull in the background, in this order; the starter first, so that a real model answers soon. */
export function autopullOrder({ starter, chat, embedding }: WantedModels): string[] {
  return [...new Set([starter, chat, embedding].map(shortModelName))].filter((name) => !isTestModel(name));
}

/** Which of these are missing. The starter is not once its successor is there. */
export function missingModels(
  models: readonly string[],
  installed: readonly InstalledModel[],
  { starter, chat }: WantedModels,
): string[] {
  const names = new Set(installed.map(({ name }) => shortModelName(name)));
  const hasChat = names.has(shortModelName(chat));
  return models.filter((name) => !names.has(shortModelName(name)) && !(hasChat && name === shortModelName(starter)));
}

type Address = { readonly internal: boolean };

/** Whether one of these interfaces leads out of the machine. */
export function leadsOut(interfaces: Readonly<Record<string, readonly Address[] | undefined>>): boolean {
  return Object.values(interfaces).some((addresses) => addresses?.some(({ internal }) => !internal) === true);
}
