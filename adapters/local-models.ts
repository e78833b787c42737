import type { Config } from '../domain/config/parse.ts';
import { TalosError } from '../domain/errors.ts';
import { localEngine, modelHost } from '../domain/models/local-engine.ts';
import type { AuditLog, Embedder, LanguageModel, TestModels } from '../domain/ports.ts';
import { createEmbedded } from './embedded/embedded.ts';
import { auditElsewhere } from './engine-elsewhere.ts';
import { createOllama } from './ollama.ts';
import { createOpenai } from './openai.ts';
import { ensureTestModels } from './test-model/ensure.ts';

/** The local models of the engine that the settings name. */
export type LocalModels = {
  readonly model: LanguageModel;
  readonly embedder: Embedder;
  readonly testModels: TestModels;
  /** Whether Talos decides which model is in memory; a server of somebody else decides by itself. */
  readonly ownsMemory: boolean;
  close(): void;
};

/**
 * Makes the adapters of the chosen engine; nothing is asked or started before the first call. What is sent to an engine on another host
 * goes on record first.
 */
export function createLocalModels(config: Config, audit: AuditLog): LocalModels {
  const models = modelsOf(config);
  const host = modelHost(config);
  return host === undefined ? models : auditElsewhere(models, { host, audit });
}

function modelsOf(config: Config): LocalModels {
  const engine = localEngine(config);
  switch (engine.kind) {
    case 'ollama': {
      const { url } = engine;
      const ollama = createOllama({ url });
      const testModels = { install: (signal: AbortSignal) => ensureTestModels({ url, signal }) };
      return { model: ollama, embedder: ollama, testModels, ownsMemory: true, close: () => undefined };
    }
    case 'openai': {
      const openai = createOpenai(engine);
      return {
        model: openai,
        embedder: openai,
        testModels: { install: () => lackServed(openai) },
        ownsMemory: false,
        close: () => undefined,
      };
    }
    case 'embedded': {
      const embedded = createEmbedded(engine);
      const install = () => lackFile(embedded);
      return {
        model: embedded,
        embedder: embedded,
        testModels: { install },
        ownsMemory: true,
        close: () => embedded.close(),
      };
    }
  }
}

/** Talos can make its test models in Ollama alone; elsewhere the owner hears what to set. */
async function lackServed(model: LanguageModel): Promise<never> {
  const names = (await model.installed()).map(({ digest }) => digest);
  const listed = names.length === 0 ? 'no model' : names.slice(0, 10).join(', ');
  const fix = 'set QWEN_CODER_MODEL, and EMBEDDING_MODEL for the memory, to models of that server';
  const message = `The server at OPENAI_BASE_URL does not list the configured model; it lists ${listed}. Load it there, or ${fix}.`;
  throw new TalosError('MODEL_MISSING', message, { details: { fix } });
}

async function lackFile(model: LanguageModel): Promise<never> {
  const found = (await model.installed()).map(({ digest }) => digest);
  const files = found.length === 0 ? 'no file of a model' : found.join(', ');
  const fix = 'set EMBEDDED_MODEL, and EMBEDDED_EMBEDDING_MODEL for the memory, to GGUF files';
  throw new TalosError('MODEL_MISSING', `There is ${files} to answer with that; ${fix}.`, { details: { fix } });
}
