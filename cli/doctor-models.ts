import { z } from 'zod';

import type { Config } from '../domain/config/parse.ts';
import { engineAddresses } from '../domain/config/paths.ts';
import { good } from './doctor-row.ts';
import type { DoctorRow } from './doctor-row.ts';

const Tags = z.object({ models: z.array(z.object({ name: z.string() })) });

/** Whether Ollama has the models of the configuration; without them the built-in test model answers. */
export async function checkModels(config: Config): Promise<DoctorRow[]> {
  const { ollama } = engineAddresses(config);
  const installed = await listModels(ollama);
  if (installed === undefined) {
    return [
      {
        check: 'models',
        state: 'warning',
        detail: `Ollama at ${ollama} does not answer: no model can`,
        fix: 'talos up',
      },
    ];
  }
  return [
    ['chat', config.models.coder, 'the built-in test model answers instead'] as const,
    ['embedding', config.models.embedding, 'the built-in test embedding stands in'] as const,
  ].map(([use, model, otherwise]) => {
    const check = `${use} model`;
    if (installed.includes(model) || installed.includes(`${model}:latest`)) return good(check, model);
    const fix = `curl ${ollama}/api/pull -d '{"model":"${model}"}'`;
    return { check, state: 'warning', detail: `${model} is not installed; ${otherwise}`, fix };
  });
}

async function listModels(ollama: string): Promise<string[] | undefined> {
  try {
    const response = await fetch(`${ollama}/api/tags`, { signal: AbortSignal.timeout(3000) });
    return Tags.parse(await response.json()).models.map(({ name }) => name);
  } catch {
    return undefined; // no Ollama, or something else on its port: the caller says so
  }
}
