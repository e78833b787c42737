import type { Config } from '../domain/config/parse.ts';
import { engineAddresses, homePaths } from '../domain/config/paths.ts';
import { z } from 'zod';

import {
  chooseChatModel,
  chooseEmbedder,
  isTestModel,
  type ModelChoice,
  pullCommand,
  shortModelName,
  withoutPassword,
} from '../domain/models/choose.ts';
import type { InstalledModel } from '../domain/models/model.ts';
import { readModelName } from '../domain/models/name.ts';
import type { ModelPull } from '../domain/models/pull.ts';
import { fetchPage } from '../infra/engines/http-probe.ts';
import { mendEngine } from './doctor-mend.ts';
import { good } from './doctor-row.ts';
import type { DoctorRow } from './doctor-row.ts';
import { createModelsClient } from './models-client.ts';
import { pullLine } from './pull-text.ts';

const Tags = z.object({
  models: z.array(z.object({ name: z.string(), digest: z.string(), size: z.number() })),
});

/** Longest wait for one answer. */
const waitMs = 3000;

type Known = { readonly pulls: readonly ModelPull[]; readonly chosen: string | undefined };

/** Which models do the work, whether they are the wanted ones, and what is on its way. */
export async function checkModels(config: Config): Promise<DoctorRow[]> {
  const { ollama } = engineAddresses(config);
  const { coder, embedding, starter } = config.models;
  const [installed, { pulls, chosen }] = await Promise.all([listModels(ollama), askTalos(config)]);
  if (installed === undefined) {
    const detail = `Ollama at ${withoutPassword(ollama)} does not answer: no model can`;
    const fix = mendEngine('ollama', config.models.ollamaUrl !== undefined, config);
    return [{ check: 'models', state: 'warning', detail, fix }];
  }
  const chat = chooseChatModel(installed, coder, { chosen, starter });
  return [
    rowOf('chat model', coder, { choice: chat, pulls }),
    rowOf('embedding model', embedding, { choice: chooseEmbedder(installed, embedding), pulls }),
  ];
}

function rowOf(
  check: string,
  wanted: string,
  { choice, pulls }: { choice: ModelChoice; pulls: readonly ModelPull[] },
): DoctorRow {
  if (choice.kind === 'wanted') return good(check, choice.model);
  const instead = choice.kind === 'starter' ? `${choice.model} answers meanwhile` : 'a built-in test model stands in';
  const pull = pulls.find(({ model, state }) => state === 'running' && model === readModelName(wanted).listed);
  const state = 'warning';
  if (pull !== undefined) return { check, state, detail: `${wanted} is being pulled, ${pullLine(pull)}; ${instead}` };
  return { check, state, detail: `${shortModelName(wanted)} is not installed; ${instead}`, fix: pullCommand(wanted) };
}

async function listModels(ollama: string): Promise<InstalledModel[] | undefined> {
  try {
    const response = await fetchPage(`${ollama}/api/tags`, { signal: AbortSignal.timeout(waitMs) });
    const { models } = Tags.parse(await response.json());
    return models.map(({ name, digest, size }) => ({ name, digest, sizeBytes: size }));
  } catch {
    return undefined; // no Ollama, or something else on its port: the caller says so
  }
}

function sameModel(a: string, b: string): boolean {
  return shortModelName(a) === shortModelName(b);
}

/** What a running Talos knows beyond that. */
async function askTalos(config: Config): Promise<Known> {
  try {
    const client = createModelsClient(homePaths(config).apiSocket);
    const { models, pulls } = await client.list(AbortSignal.timeout(waitMs));
    const chat = models.find(({ usedFor }) => usedFor.includes('chat'))?.name;
    const isStandIn = chat === undefined || isTestModel(chat) || sameModel(chat, config.models.starter);
    return { pulls, chosen: isStandIn ? undefined : chat };
  } catch {
    return { pulls: [], chosen: undefined }; // Talos is not running, which has its own finding
  }
}
