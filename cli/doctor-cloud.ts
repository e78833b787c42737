import { z } from 'zod';

import { shutdownNote } from '../domain/cloud/models.ts';
import type { Config } from '../domain/config/parse.ts';
import { homePaths } from '../domain/config/paths.ts';
import { createApiSocket } from './api-socket.ts';
import { good } from './doctor-row.ts';
import type { DoctorRow } from './doctor-row.ts';

/** What a running Talos says of the cloud. */
const Metrics = z.object({
  gemini: z.object({
    circuit_state: z.string(),
    tokens_used_today: z.number(),
    tokens_remaining: z.number(),
    available: z.boolean(),
    notes: z.array(z.string()),
  }),
});
type CloudFigures = z.infer<typeof Metrics>['gemini'];

/** Whether a cloud model is set up, and how it stands. Asks nobody outside: a running Talos knows. */
export async function checkCloud(config: Config): Promise<DoctorRow> {
  const { geminiKey, geminiModel, geminiFallbackModel, geminiTokensPerDay, fallback } = config.cloud;
  if (geminiKey === undefined) return good('cloud', 'not set up: nothing goes to a cloud');
  const figures = await askTalos(homePaths(config).apiSocket);
  const notes = figures?.notes ?? localNotes(geminiModel, geminiFallbackModel);
  const used = figures === undefined ? '' : `, ${figures.tokens_used_today} of ${geminiTokensPerDay} tokens used today`;
  const detail = `${geminiModel}, then ${geminiFallbackModel}; CLOUD_FALLBACK=${fallback}${used}`;
  const trouble = [...notes, ...(figures === undefined ? [] : troubleOf(figures))];
  if (trouble.length === 0) return good('cloud', detail);
  return { check: 'cloud', state: 'warning', detail: `${detail}; ${trouble.join(' ')}`, ...fixOf(notes) };
}

function localNotes(model: string, fallbackModel: string): string[] {
  const models = [
    { setting: 'GEMINI_MODEL', model },
    { setting: 'GEMINI_FALLBACK_MODEL', model: fallbackModel },
  ] as const;
  return models.flatMap((named) => shutdownNote(named, Date.now()) ?? []);
}

function troubleOf({ available, circuit_state: breaker, tokens_remaining: left }: CloudFigures): string[] {
  if (available) return [];
  if (breaker !== 'closed') return ['Too many calls have failed; it is left alone for a while.'];
  return left === 0 ? ['The tokens of today are used.'] : ['How it stands cannot be told.'];
}

function fixOf(notes: readonly string[]): { fix?: string } {
  const setting = /set (GEMINI_\w+)/.exec(notes.join(' '))?.[1];
  return setting === undefined ? {} : { fix: `${setting}=...` };
}

async function askTalos(socket: string): Promise<CloudFigures | undefined> {
  try {
    const signal = AbortSignal.timeout(3000);
    return (await createApiSocket(socket).json({ method: 'GET', path: '/metrics', signal }, Metrics)).gemini;
  } catch {
    return undefined; // it does not run, and other rows say so
  }
}
