import { isTestModel, shortModelName } from './choose.ts';
import type { InstalledModel } from './model.ts';

/** The models a machine is to have by itself. */
export type WantedModels = { readonly starter: string; readonly chat: string; readonly embedding: string };

/** What to pull in the background, in this order; the starter first, so that a real model answers soon. */
export function autopullOrder({ starter, chat, embedding }: WantedModels): string[] {
  const names = [starter, chat, embedding].filter((name) => !isTestModel(name));
  // Where a name says how to reach its registry, that stays.
  const asked = names.map((name) => (name.includes('://') ? name : shortModelName(name)));
  return asked.filter((name, place) => asked.findIndex((other) => isSame(name, other)) === place);
}

/** Which of these are missing. The starter is not once its successor is there. */
export function missingModels(
  models: readonly string[],
  installed: readonly InstalledModel[],
  { starter, chat }: WantedModels,
): string[] {
  const names = new Set(installed.map(({ name }) => shortModelName(name)));
  const hasChat = names.has(shortModelName(chat));
  return models.filter((name) => !names.has(shortModelName(name)) && !(hasChat && isSame(name, starter)));
}

function isSame(name: string, other: string): boolean {
  return shortModelName(name) === shortModelName(other);
}

type Address = { readonly internal: boolean };

/** Whether one of these interfaces leads out of the machine. */
export function leadsOut(interfaces: Readonly<Record<string, readonly Address[] | undefined>>): boolean {
  return Object.values(interfaces).some((addresses) => addresses?.some(({ internal }) => !internal) === true);
}
