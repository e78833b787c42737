import type { Config } from '../domain/config/parse.ts';
import { homePaths } from '../domain/config/paths.ts';
import type { EngineName } from '../infra/engines/engine.ts';
import { findInstance } from '../infra/instance.ts';

/** The setting that says where somebody else runs an engine. */
const addressOf = {
  temporal: 'TEMPORAL_ADDRESS',
  redis: 'REDIS_URL',
  chroma: 'CHROMA_URL',
  ollama: 'OLLAMA_URL',
} as const;

/** What makes an engine answer again: Talos starts its own with itself, and never what is configured elsewhere. */
export function mendEngine(engine: EngineName, isElsewhere: boolean, config: Config): string {
  if (isElsewhere) return `start ${engine} there, or correct ${addressOf[engine]}`;
  return findInstance(homePaths(config).supervisorState) === undefined ? 'talos up' : 'talos down, then talos up';
}
