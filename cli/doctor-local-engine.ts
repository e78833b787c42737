import { z } from 'zod';

import type { Config } from '../domain/config/parse.ts';
import { onlyListed, withoutPassword } from '../domain/models/choose.ts';
import { localEngine, modelNameOf, wantedModels } from '../domain/models/local-engine.ts';
import { findEmbedded } from '../infra/engines/embedded.ts';
import { fetchPage } from '../infra/engines/http-probe.ts';
import { requireLocalEngine } from '../infra/local-engine.ts';
import { good, reasonOf } from './doctor-row.ts';
import type { DoctorRow } from './doctor-row.ts';

const Listed = z.object({ data: z.array(z.object({ id: z.string() })) });

/** Whether the engine that runs local models in place of Ollama can do so, and with which models. */
export async function checkLocalEngine(config: Config): Promise<DoctorRow[]> {
  try {
    requireLocalEngine(config);
  } catch (error) {
    return [{ check: 'models', state: 'bad', detail: reasonOf(error) }];
  }
  const engine = localEngine(config);
  if (engine.kind !== 'embedded') return checkServer(config);
  const library: DoctorRow =
    findEmbedded(config) === undefined
      ? { check: 'engine embedded', state: 'warning', detail: 'has not been fetched yet', fix: 'talos up' }
      : good('engine embedded', engine.program);
  const embedder: DoctorRow =
    engine.embedderFile === undefined
      ? {
          check: 'embedding model',
          state: 'warning',
          detail: 'none is set, so nothing is remembered',
          fix: 'EMBEDDED_EMBEDDING_MODEL=~/models/nomic-embed-text.gguf',
        }
      : good('embedding model', modelNameOf(engine.embedderFile));
  return [library, good('chat model', modelNameOf(engine.chatFile)), embedder];
}

async function checkServer(config: Config): Promise<DoctorRow[]> {
  const { openaiUrl = '', openaiKey } = config.models;
  const place = withoutPassword(openaiUrl);
  const listed = await listModels(openaiUrl, openaiKey);
  if (typeof listed === 'string') {
    const detail = `${place} ${listed}: no model can answer`;
    return [{ check: 'engine openai', state: 'warning', detail, fix: 'start that server, or correct OPENAI_BASE_URL' }];
  }
  const wanted = wantedModels(config);
  return [
    good('engine openai', place),
    checkModel(listed, { check: 'chat model', model: wanted.chat, field: 'QWEN_CODER_MODEL' }),
    checkModel(listed, { check: 'embedding model', model: wanted.embedding, field: 'EMBEDDING_MODEL' }),
  ];
}

function checkModel(
  listed: readonly string[],
  { check, model, field }: { check: string; model: string; field: string },
): DoctorRow {
  const [only, ...others] = listed;
  if (model === onlyListed && only !== undefined && others.length === 0) return good(check, only);
  if (listed.includes(model) || listed.includes(`${model}:latest`)) return good(check, model);
  const detail = model === onlyListed ? 'none is set' : `${model} is not there`;
  return { check, state: 'warning', detail, fix: `${field}=, one of: ${listed.slice(0, 10).join(', ')}` };
}

/** The names a server lists, or why it lists none. */
async function listModels(url: string, key: string | undefined): Promise<string[] | string> {
  const headers = { ...(key !== undefined && { authorization: `Bearer ${key}` }) };
  try {
    const response = await fetchPage(`${url}/models`, { headers, signal: AbortSignal.timeout(3000) });
    if (response.status === 401 || response.status === 403) return 'does not take OPENAI_API_KEY';
    return Listed.parse(await response.json()).data.map(({ id }) => id);
  } catch {
    return 'does not answer as OpenAI does'; // not there, or another kind of server
  }
}
