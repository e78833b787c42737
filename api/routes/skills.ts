import type { Request, Response } from 'express';
import { z } from 'zod';

import { TalosError } from '../../domain/errors.ts';
import { refuseWhenLocked } from '../../domain/lockdown/refuse.ts';
import type { SkillBundle } from '../../domain/skills/bundle.ts';
import { SkillId } from '../../domain/skills/manifest.ts';
import { SkillSubmission, SkillSummary, SkillView, StateFilter, summarise } from '../../domain/skills/view.ts';
import { Unreadable } from '../../domain/skills/unreadable.ts';
import { actorOf } from '../consent.ts';
import type { ApiDeps } from '../deps.ts';
import { parseInput } from '../problem.ts';
import { readAnyJsonBody, readArchiveBody } from '../read-body.ts';
import { problems, type Route } from '../route.ts';
import { createSkills } from '../skills.ts';
import { whileWaiting } from '../while-waiting.ts';

const SkillList = z
  .strictObject({
    skills: z.array(SkillSummary),
    unreadable: z.array(Unreadable).optional().meta({ description: 'Skills whose state cannot be read' }),
  })
  .meta({ id: 'SkillList' });

const NewSkill = z
  .union(
    [
      z.strictObject({
        files: z.record(z.string(), z.string()).meta({ description: 'Texts by their path inside the skill' }),
      }),
      z.strictObject({
        git: z
          .string()
          .regex(/^https:\/\//, 'must begin with https://')
          .regex(/^[^/]*\/\/[^/?#@]*(?:[/?#]|$)/, 'must hold no user name and no password')
          .max(2000)
          .meta({
            description: 'Address of a repository whose head is the skill',
            example: 'https://example.org/csv-summary.git',
          }),
      }),
    ],
    'give either files, texts by their path, or git, the address of a repository',
  )
  .meta({ id: 'NewSkill' });

/** The part of a path that names a skill. */
export const SkillPath = z.object({ id: SkillId });

const archiveTypes = ['application/zip', 'application/gzip', 'application/x-gzip', 'application/x-tar'];

/** An archive may have this much more than its files; JSON may write a character as six. */
const archiveOverhead = 1_048_576;
const jsonFactor = 6;

/** Fetching a repository may take this long. */
const fetchMs = 60_000;

const bytes = { schema: { type: 'string', format: 'binary' } } as const;
const unreachable = ['STORE_UNAVAILABLE', 'SKILLS_UNAVAILABLE'] as const;

const operations = {
  list: {
    operationId: 'listSkills',
    summary: 'Versions of skills that are in use or under test, and the last one of skills that have neither',
    requestParams: { query: z.object({ state: StateFilter.optional() }) },
    responses: {
      200: { description: 'By id', content: { 'application/json': { schema: SkillList } } },
      ...problems('VALIDATION_FAILED', 'STORE_UNAVAILABLE'),
    },
  },
  submit: {
    operationId: 'submitSkill',
    summary: 'Hand in a skill, as its files, an archive or a repository; it goes into quarantine',
    description: 'The same files again are the same version. At most SKILL_MAX_SIZE_BYTES come out of an archive.',
    requestBody: {
      required: true,
      content: {
        'application/json': { schema: NewSkill },
        ...Object.fromEntries(archiveTypes.map((type) => [type, bytes])),
      },
    },
    responses: {
      202: { description: 'It will be tested', content: { 'application/json': { schema: SkillSubmission } } },
      ...problems(
        'VALIDATION_FAILED',
        'BODY_NOT_JSON',
        'BODY_TOO_LARGE',
        'UNSUPPORTED_MEDIA_TYPE',
        'NOT_FOUND',
        'SKILL_INVALID',
        'LOCKDOWN',
        'RUNTIME_UNAVAILABLE',
        'AUDIT_UNAVAILABLE',
        ...unreachable,
      ),
    },
  },
  show: {
    operationId: 'getSkill',
    summary: 'One skill: its life with all evidence, files, what a revision changes, certificate',
    requestParams: { path: SkillPath },
    responses: {
      200: { description: 'The skill', content: { 'application/json': { schema: SkillView } } },
      ...problems('VALIDATION_FAILED', 'NOT_FOUND', ...unreachable),
    },
  },
  export: {
    operationId: 'exportSkill',
    summary: 'The version in use as a zip archive in the Agent Skills format, with its certificate',
    requestParams: { path: SkillPath },
    responses: {
      200: { description: 'The archive', content: { 'application/zip': bytes } },
      ...problems('VALIDATION_FAILED', 'NOT_FOUND', 'SKILL_CHANGED', ...unreachable),
    },
  },
} satisfies Record<string, Route['operation']>;

/** `GET` and `POST /skills`, `GET /skills/{id}` and its export. */
export function skillRoutes(deps: ApiDeps): Route[] {
  const skills = createSkills(deps);
  return [
    { method: 'get', path: '/skills', operation: operations.list, handle: listHandler(deps) },
    {
      method: 'post',
      path: '/skills',
      operation: operations.submit,
      async handle(request, response) {
        await refuseWhenLocked(deps.lockdown);
        const submitted = await skills.submit(await readSkill(deps, request, response), actorOf(request, deps));
        response.status(202).set('Location', `/skills/${submitted.id}`).json(submitted);
      },
    },
    {
      method: 'get',
      path: '/skills/:id',
      operation: operations.show,
      async handle(request, response) {
        response.json(await skills.view(skillIn(request)));
      },
    },
    {
      method: 'get',
      path: '/skills/:id/export',
      operation: operations.export,
      async handle(request, response) {
        const id = skillIn(request);
        const { bundle, certificate } = await skills.forExport(id);
        response.set({ 'Content-Type': 'application/zip', 'Content-Disposition': `attachment; filename="${id}.zip"` });
        response.send(Buffer.from(deps.skillBundles.toArchive(bundle, certificate)));
      },
    },
  ];
}

/** The skill a path names; fails with VALIDATION_FAILED. */
export function skillIn(request: Request): SkillId {
  return parseInput(SkillId, request.params['id'], 'id');
}

function listHandler({ catalog }: Pick<ApiDeps, 'catalog'>): Route['handle'] {
  const ListQuery = z.strictObject({ state: StateFilter.optional() });
  return async (request, response) => {
    const { state } = parseInput(ListQuery, request.query, 'query');
    const [lives, unreadable] = await Promise.all([catalog.list(), catalog.unreadable()]);
    const skills = lives.flatMap((life) => summarise(life, state));
    response.json({ skills, ...(unreadable.length > 0 && { unreadable }) });
  };
}

async function readSkill(deps: ApiDeps, request: Request, response: Response): Promise<SkillBundle> {
  const { skillBundles, config } = deps;
  const { maxSizeBytes } = config.skills;
  if (typeof request.is(archiveTypes) === 'string') {
    return skillBundles.fromArchive(await readArchiveBody(request, response, maxSizeBytes + archiveOverhead));
  }
  if (request.is('application/json') === false) {
    const taken = ['application/json', ...archiveTypes].join(', ');
    throw new TalosError('UNSUPPORTED_MEDIA_TYPE', `Send the skill as one of: ${taken}.`);
  }
  const limit = maxSizeBytes * jsonFactor + archiveOverhead;
  const body = parseInput(NewSkill, await readAnyJsonBody(request, response, limit), 'body');
  if ('files' in body) return skillBundles.fromFiles(body.files);
  await recordFetch(deps, request, body.git);
  return whileWaiting(request, fetchMs, (signal) => skillBundles.fromRepository(body.git, signal));
}

/** What goes over the network is on record before it goes. */
async function recordFetch({ audit, config }: ApiDeps, request: Request, url: string): Promise<void> {
  const host = URL.parse(url)?.host ?? 'unknown';
  const actor = actorOf(request, { config });
  await audit.append({ type: 'skill-egress', actor, details: { host, method: 'git', allowed: true } });
}
