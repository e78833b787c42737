import { models } from '../config/intelligence.ts';
import type { Config } from '../config/parse.ts';
import { engineAddresses } from '../config/paths.ts';
import { TalosError } from '../errors.ts';
import { leavesMachine } from '../routing/address.ts';
import { onlyListed } from './choose.ts';
import { embeddedEngine } from './embedded-engine.ts';

/** What runs local models. */
export type LocalEngine =
  | { readonly kind: 'ollama'; readonly url: string }
  | { readonly kind: 'openai'; readonly url: string; readonly key?: string }
  | {
      readonly kind: 'embedded';
      /** The file the library begins with. */
      readonly program: string;
      readonly chatFile: string;
      readonly embedderFile?: string;
    };

/** The engine of the settings. Fails with CONFIG_INVALID when one it needs is not set. */
export function localEngine(config: Config): LocalEngine {
  const { engine, openaiUrl, openaiKey, embeddedModel, embeddedEmbedder } = config.models;
  switch (engine) {
    case 'ollama':
      return { kind: engine, url: engineAddresses(config).ollama };
    case 'openai':
      if (openaiUrl === undefined) throw unset('OPENAI_BASE_URL', engine, 'http://127.0.0.1:8000/v1');
      return { kind: engine, url: openaiUrl, ...(openaiKey !== undefined && { key: openaiKey }) };
    case 'embedded': {
      if (embeddedModel === undefined) throw unset('EMBEDDED_MODEL', engine, '~/models/qwen2.5-coder-7b.gguf');
      const { name, version, program } = embeddedEngine;
      return {
        kind: engine,
        program: `${config.home.enginesDir}/${name}/${version}/${program}`,
        chatFile: embeddedModel,
        ...(embeddedEmbedder !== undefined && { embedderFile: embeddedEmbedder }),
      };
    }
  }
}

type WantedNames = { readonly chat: string; readonly vision: string; readonly embedding: string };

/** The names of the models that are wanted. A server with a single model needs no setting to be asked for it. */
export function wantedModels(config: Config): WantedNames {
  const { coder, vision, embedding } = config.models;
  const engine = localEngine(config);
  switch (engine.kind) {
    case 'ollama':
      return { chat: coder, vision, embedding };
    case 'openai':
      return {
        chat: coder === models.coder.parse(undefined) ? onlyListed : coder,
        vision: vision === models.vision.parse(undefined) ? onlyListed : vision,
        embedding,
      };
    case 'embedded': {
      const { chatFile, embedderFile } = engine;
      return {
        chat: modelNameOf(chatFile),
        vision,
        embedding: embedderFile === undefined ? embedding : modelNameOf(embedderFile),
      };
    }
  }
}

/** The host that texts for the local models travel to; undefined where they stay on this machine. */
export function modelHost(config: Config): string | undefined {
  const engine = localEngine(config);
  return engine.kind === 'embedded' ? undefined : leavesMachine(engine.url, config.models.ownHosts);
}

/** A model inside Talos is called after its file. */
export function modelNameOf(file: string): string {
  return file.slice(file.lastIndexOf('/') + 1).replace(/\.gguf$/i, '');
}

function unset(field: string, engine: string, example: string): TalosError {
  return new TalosError(
    'CONFIG_INVALID',
    `LOCAL_ENGINE=${engine} needs ${field}, which is not set, for example ${field}=${example}`,
    { details: { field } },
  );
}
