import { closeSync, openSync, readSync } from 'node:fs';

import type { Config } from '../domain/config/parse.ts';
import { TalosError } from '../domain/errors.ts';
import { localEngine } from '../domain/models/local-engine.ts';
import type { Engine } from './engines/engine.ts';

/** Whether an engine has a use: Ollama has none where something else runs the models. */
export function isChosen({ name }: Engine, { models }: Config): boolean {
  return name !== 'ollama' || models.engine === 'ollama';
}

/** Fails with CONFIG_INVALID and the fix when the engine that is to run local models lacks a setting or a file. */
export function requireLocalEngine(config: Config): void {
  const engine = localEngine(config);
  if (engine.kind !== 'embedded') return;
  requireGguf('EMBEDDED_MODEL', engine.chatFile);
  if (engine.embedderFile !== undefined) requireGguf('EMBEDDED_EMBEDDING_MODEL', engine.embedderFile);
}

function requireGguf(field: string, file: string): void {
  const begin = beginOf(field, file);
  if (begin === 'GGUF') return;
  throw invalid(field, `${field} names ${file}, which is no GGUF file; set it to the GGUF file of a model`);
}

function beginOf(field: string, file: string): string {
  try {
    const handle = openSync(file, 'r');
    try {
      const begin = Buffer.alloc(4);
      readSync(handle, begin, 0, begin.length, 0);
      return begin.toString('latin1');
    } finally {
      closeSync(handle);
    }
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown reason';
    throw invalid(
      field,
      `${field} names ${file}, which cannot be read (${reason}); set it to the GGUF file of a model`,
    );
  }
}

function invalid(field: string, message: string): TalosError {
  return new TalosError('CONFIG_INVALID', message, { details: { field } });
}
