import { activityInfo } from '@temporalio/activity';

import type { Config } from '../domain/config/parse.ts';
import type { GpuBoard } from '../domain/gpu/ports.ts';
import { isTestModel, shortModelName, testModels } from '../domain/models/choose.ts';
import type { LanguageModel } from '../domain/ports.ts';
import { createResidentModel } from './resident-model.ts';

type Options = { readonly config: Config; readonly model: LanguageModel; readonly board: GpuBoard };

/** The model server of a process, with one of the configured chat models on the GPU at a time; what that does goes to the board. */
export function createConfiguredResidency({ config, model, board }: Options): LanguageModel {
  const { coder, vision, starter, embedding, vramTimeoutSeconds } = config.models;
  const chatModels = new Set([coder, vision, starter].map(shortModelName));
  const embedders = new Set([shortModelName(embedding), testModels.embedding]);
  return createResidentModel({
    model,
    loadMs: vramTimeoutSeconds * 1000,
    isOurs: (name) => !embedders.has(name) && (chatModels.has(name) || isTestModel(name)),
    holder: currentWork,
    now: Date.now,
    publish: (report) => board.publish(report),
  });
}

/** The message an activity works for, by its id, or the workflow it belongs to. */
function currentWork(): string {
  const id = activityInfo().workflowExecution?.workflowId ?? '';
  const [type, conversation, key] = id.split('/');
  return type === 'message' && key !== undefined ? `${conversation}.${key}` : id;
}
