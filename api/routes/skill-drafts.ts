import { z } from 'zod';

import { refuseWhenLocked } from '../../domain/lockdown/refuse.ts';
import { DraftKey, SkillDraft } from '../../domain/skills/draft.ts';
import { actorOf } from '../consent.ts';
import type { ApiDeps } from '../deps.ts';
import { parseInput } from '../problem.ts';
import { readJsonBody } from '../read-body.ts';
import { problems, type Route } from '../route.ts';
import { createDrafts } from '../skill-drafts.ts';

const DraftRequest = z
  .strictObject({
    request: z
      .string()
      .trim()
      .min(1, 'say what the skill is to do')
      .max(2000)
      .refine((text) => text.isWellFormed(), 'the text holds a lone surrogate, which is no character')
      .meta({ example: 'Make a skill that shouts a text' }),
  })
  .meta({ id: 'DraftRequest' });

const DraftPath = z.object({ key: DraftKey });
const draft = { content: { 'application/json': { schema: SkillDraft } } };

type Deps = Pick<ApiDeps, 'drafts' | 'skillRuntime' | 'lockdown' | 'config' | 'now' | 'newKey'>;

const operations = {
  draft: {
    operationId: 'draftSkill',
    summary: 'Let the model write a skill; what works goes into quarantine',
    description: 'The same Idempotency-Key is the same draft.',
    requestParams: { header: z.object({ 'Idempotency-Key': DraftKey.optional() }) },
    requestBody: { required: true, content: { 'application/json': { schema: DraftRequest } } },
    responses: {
      202: { description: 'It is being written; Location tells where it stands', ...draft },
      ...problems(
        'VALIDATION_FAILED',
        'BODY_NOT_JSON',
        'BODY_TOO_LARGE',
        'UNSUPPORTED_MEDIA_TYPE',
        'IDEMPOTENCY_CONFLICT',
        'LOCKDOWN',
        'STORE_UNAVAILABLE',
        'STORE_FULL',
        'RUNTIME_UNAVAILABLE',
      ),
    },
  },
  read: {
    operationId: 'getSkillDraft',
    summary: 'Where a draft stands, with what the model wrote and what was wrong with it',
    requestParams: { path: DraftPath },
    responses: {
      200: { description: 'The draft', ...draft },
      ...problems('VALIDATION_FAILED', 'NOT_FOUND', 'STORE_UNAVAILABLE'),
    },
  },
} satisfies Record<string, Route['operation']>;

/** `POST /skills/drafts` and `GET /skills/drafts/{key}`: skills the model writes. */
export function skillDraftRoutes(deps: Deps): Route[] {
  const drafts = createDrafts(deps);
  return [
    {
      method: 'post',
      path: '/skills/drafts',
      operation: operations.draft,
      async handle(httpRequest, response) {
        const { request } = parseInput(DraftRequest, await readJsonBody(httpRequest, response), 'body');
        const given = parseInput(DraftKey.optional(), httpRequest.get('idempotency-key'), 'Idempotency-Key');
        await refuseWhenLocked(deps.lockdown);
        const begun = { key: given ?? deps.newKey(), request, by: actorOf(httpRequest, deps), createdAt: deps.now() };
        const kept = await drafts.begin(begun);
        response.status(202).set('Location', `/skills/drafts/${kept.key}`).json(kept);
      },
    },
    {
      method: 'get',
      path: '/skills/drafts/:key',
      operation: operations.read,
      async handle(request, response) {
        const { key } = parseInput(DraftPath, request.params, 'path');
        response.json(await drafts.current(key));
      },
    },
  ];
}
