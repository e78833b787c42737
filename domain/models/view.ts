import { z } from 'zod';

import { chooseChatModel, chooseEmbedder, chooseVisionModel, isTestModel, shortModelName } from './choose.ts';
import type { InstalledModel, ResidentModel } from './model.ts';
import { ModelPull } from './pull.ts';
import type { ModelUse } from './store.ts';

/** A model as the owner sees it. */
export const ModelView = z
  .strictObject({
    name: z.string().meta({ example: 'qwen2.5-coder:7b' }),
    digest: z.string(),
    sizeBytes: z.int().nonnegative(),
    loaded: z.boolean().meta({ description: 'Whether it is in memory now' }),
    usedFor: z.array(z.enum(['chat', 'vision', 'embedding', 'test'])).meta({ description: 'What it does now' }),
  })
  .meta({ id: 'Model' });
export type ModelView = z.infer<typeof ModelView>;

/** Body of `GET /models`. */
export const ModelList = z
  .strictObject({
    models: z.array(ModelView),
    pulls: z.array(ModelPull).meta({ description: 'Those that run, and those that ended without their model' }),
  })
  .meta({ id: 'ModelList' });
export type ModelList = z.infer<typeof ModelList>;

/** The configured models and what the owner has chosen in their place. */
export type ModelWishes = {
  readonly coder: string;
  readonly vision: string;
  readonly embedding: string;
  readonly starter: string;
  readonly chosen: Partial<Record<ModelUse, string>>;
};

/** What is installed, and which of it does what now; by name. */
export function viewModels(
  installed: readonly InstalledModel[],
  resident: readonly Pick<ResidentModel, 'name'>[],
  wishes: ModelWishes,
): ModelView[] {
  const { coder, vision, embedding, starter, chosen } = wishes;
  const uses = {
    chat: chooseChatModel(installed, coder, { chosen: chosen.chat, starter }).model,
    vision: chooseVisionModel(installed, chosen.vision ?? vision),
    embedding: chooseEmbedder(installed, embedding).model,
  };
  const loaded = new Set(resident.map(({ name }) => shortModelName(name)));
  const views = installed.map(({ name, digest, sizeBytes }): ModelView => {
    const usedFor: ModelView['usedFor'] = (['chat', 'vision', 'embedding'] as const).filter(
      (use) => shortModelName(uses[use] ?? '') === shortModelName(name),
    );
    return {
      name,
      digest,
      sizeBytes,
      loaded: loaded.has(shortModelName(name)),
      usedFor: isTestModel(name) ? [...usedFor, 'test'] : usedFor,
    };
  });
  return views.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
