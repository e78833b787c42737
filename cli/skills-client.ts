import { z } from 'zod';

import type { JsonValue } from '../domain/json.ts';
import { Benefit } from '../domain/skills/certificate.ts';
import type { BundleFiles } from '../domain/skills/bundle.ts';
import { SkillLife } from '../domain/skills/life.ts';
import type { BundleHash, SkillId } from '../domain/skills/manifest.ts';
import { type RunKey, SkillRunRecord, type SkillRunRef } from '../domain/skills/run.ts';
import { checkSkillId } from '../domain/skills/skill-name.ts';
import { SkillSubmission, SkillSummary, SkillView, type StateFilter } from '../domain/skills/view.ts';
import { Unreadable } from '../domain/skills/unreadable.ts';
import { type ApiSocket, createApiSocket, pathPart } from './api-socket.ts';

const Ticket = z.object({ id: z.string(), expiresAt: z.int() });
const SummaryList = z.object({ skills: z.array(SkillSummary), unreadable: z.array(Unreadable).optional() });
const RunList = z.object({ runs: z.array(SkillRunRecord.omit({ input: true, output: true })) });
const EvalReply = z.object({
  state: z.enum(['pending', 'measured']),
  hash: z.string(),
  benefit: Benefit.optional(),
});
export type EvalReply = z.infer<typeof EvalReply>;
export type RunSummary = z.infer<typeof RunList>['runs'][number];

/** What the commands ask a running Talos about skills. */
export type SkillsClient = ReturnType<typeof createSkillsClient>;

/** The part of the API about skills, behind a socket path. An id that no skill can have fails with VALIDATION_FAILED. */
export function createSkillsClient(socketPath: string) {
  const api = createApiSocket(socketPath);
  return { ...createLives(api), ...createRuns(api) };
}

function createLives(api: ApiSocket) {
  const order = (id: SkillId, verb: string, body: object): Promise<SkillLife> =>
    api.json({ method: 'POST', path: `${pathOf(id)}/${verb}`, body }, SkillLife);
  return {
    list(state?: StateFilter) {
      const query = state === undefined ? '' : `?state=${state}`;
      return api.json({ method: 'GET', path: `/skills${query}` }, SummaryList);
    },
    view: (id: SkillId) => api.json({ method: 'GET', path: pathOf(id) }, SkillView),
    submit: (files: BundleFiles) => api.json({ method: 'POST', path: '/skills', body: { files } }, SkillSubmission),
    askCode: (id: SkillId, hash: BundleHash) =>
      api.json({ method: 'POST', path: `${pathOf(id)}/tts-request`, body: { hash } }, Ticket),
    promote: (id: SkillId, consent: { tts_code: string; hash: BundleHash; override?: string }) =>
      order(id, 'promote', consent),
    reject: (id: SkillId, wish: { reason: string; hash?: BundleHash }) => order(id, 'reject', wish),
    restore: (id: SkillId, hash: BundleHash, reason: string) => order(id, 'restore', { hash, reason }),
    deprecate(id: SkillId, { reason, hash }: { reason: string; hash?: BundleHash }) {
      const query = `reason=${encodeURIComponent(reason)}${hash === undefined ? '' : `&hash=${hash}`}`;
      return api.json({ method: 'DELETE', path: `${pathOf(id)}?${query}` }, SkillLife);
    },
    async export(id: SkillId): Promise<Buffer> {
      const response = await api.call({ method: 'GET', path: `${pathOf(id)}/export` });
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(Buffer.from(chunk));
      return Buffer.concat(chunks);
    },
    evaluate: (id: SkillId, key: RunKey, signal: AbortSignal): Promise<EvalReply> =>
      api.json({ method: 'POST', path: `${pathOf(id)}/eval`, headers: { 'idempotency-key': key }, signal }, EvalReply),
  };
}

function createRuns(api: ApiSocket) {
  return {
    run: ({ skill, key }: SkillRunRef, input: JsonValue, signal: AbortSignal): Promise<SkillRunRecord> =>
      api.json(
        {
          method: 'POST',
          path: `${pathOf(skill)}/runs`,
          headers: { 'idempotency-key': key },
          body: { input },
          signal,
        },
        SkillRunRecord,
      ),
    retry: ({ skill, key }: SkillRunRef, newKey: RunKey, signal: AbortSignal): Promise<SkillRunRecord> =>
      api.json(
        {
          method: 'POST',
          path: `${pathOf(skill)}/runs/${pathPart(key)}/retry`,
          headers: { 'idempotency-key': newKey },
          signal,
        },
        SkillRunRecord,
      ),
    record: ({ skill, key }: SkillRunRef): Promise<SkillRunRecord> =>
      api.json({ method: 'GET', path: `${pathOf(skill)}/runs/${pathPart(key)}` }, SkillRunRecord),
    async runs(id: SkillId, { failed, limit }: { failed: boolean; limit: number }): Promise<RunSummary[]> {
      const path = `${pathOf(id)}/runs?failed=${failed}&limit=${limit}`;
      return (await api.json({ method: 'GET', path }, RunList)).runs;
    },
  };
}

function pathOf(id: SkillId): string {
  return `/skills/${checkSkillId(id)}`;
}
