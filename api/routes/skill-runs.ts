import type { Request } from 'express';
import { z } from 'zod';

import { JsonValue } from '../../domain/json.ts';
import { RunKey, type SkillRunRef, SkillRunRecord } from '../../domain/skills/run.ts';
import type { ApiDeps } from '../deps.ts';
import { Page } from '../page.ts';
import { parseInput } from '../problem.ts';
import { readAnyJsonBody } from '../read-body.ts';
import { problems, type Route } from '../route.ts';
import { answerRun, createSkillRuns } from '../skill-runs.ts';
import { createSkills } from '../skills.ts';
import { whileWaiting } from '../while-waiting.ts';
import { skillIn, SkillPath } from './skills.ts';

const RunRequest = z
  .strictObject({ input: JsonValue.meta({ description: 'What the input schema of the skill asks for' }) })
  .meta({ id: 'SkillRunRequest' });

const RunList = z
  .strictObject({ runs: z.array(SkillRunRecord.omit({ input: true, output: true }).meta({ id: 'SkillRunSummary' })) })
  .meta({ id: 'SkillRunList' });

const RunQuery = Page.extend({
  failed: z
    .stringbool()
    .default(false)
    .meta({ description: 'Only those that failed', override: { type: 'boolean' } }),
});

const RunPath = SkillPath.extend({ key: RunKey });
const IdempotencyKey = z.object({ 'Idempotency-Key': RunKey.optional() });

const record = { content: { 'application/json': { schema: SkillRunRecord } } };
const went = {
  200: { description: 'It went well', ...record },
  202: { description: 'Not ended yet; Location tells where the run is', ...record },
};
const failures = [
  'VALIDATION_FAILED',
  'NOT_FOUND',
  'SKILL_NOT_READY',
  'SKILL_CHANGED',
  'SKILL_FAILED',
  'RUN_STOPPED',
  'IDEMPOTENCY_CONFLICT',
  'LOCKDOWN',
  'SANDBOX_UNAVAILABLE',
  'SANDBOX_FAILED',
  'STORE_UNAVAILABLE',
  'STORE_FULL',
  'RUNTIME_UNAVAILABLE',
] as const;

const operations = {
  run: {
    operationId: 'runSkill',
    summary: 'Run the active version of a skill on an input',
    description: 'The same Idempotency-Key of the same skill is the same run. A client that goes away stops nothing.',
    requestParams: { path: SkillPath, header: IdempotencyKey },
    requestBody: { required: true, content: { 'application/json': { schema: RunRequest } } },
    responses: { ...went, ...problems(...failures, 'BODY_NOT_JSON', 'BODY_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE') },
  },
  list: {
    operationId: 'listSkillRuns',
    summary: 'Runs of a skill, the newest first',
    requestParams: { path: SkillPath, query: RunQuery },
    responses: {
      200: { description: 'A page of them', content: { 'application/json': { schema: RunList } } },
      ...problems('VALIDATION_FAILED', 'NOT_FOUND', 'STORE_UNAVAILABLE'),
    },
  },
  show: {
    operationId: 'getSkillRun',
    summary: 'One run: verdict, blame, resources, hosts it asked, end of its log, input and output',
    requestParams: { path: RunPath },
    responses: {
      200: { description: 'The run, whatever its state', ...record },
      ...problems('VALIDATION_FAILED', 'NOT_FOUND', 'STORE_UNAVAILABLE'),
    },
  },
  retry: {
    operationId: 'retrySkillRun',
    summary: 'Run again what failed, with the same input',
    requestParams: { path: RunPath, header: IdempotencyKey },
    responses: { ...went, ...problems(...failures) },
  },
} satisfies Record<string, Route['operation']>;

/** Runs of skills: start, list, look at, retry. */
export function skillRunRoutes(deps: ApiDeps): Route[] {
  const runs = createSkillRuns(deps);
  const skills = createSkills(deps);
  const keyOf = (request: Request) =>
    parseInput(RunKey.optional(), request.get('idempotency-key'), 'Idempotency-Key') ?? deps.newKey();
  const start: (
    wanted: Parameters<typeof runs.submit>[0],
    ...exchange: Parameters<Route['handle']>
  ) => Promise<void> = async (wanted, request, response) => {
    const { ended } = await runs.submit(wanted);
    if (ended !== undefined) response.set('Idempotent-Replay', 'true');
    else {
      const { waitSeconds } = deps.config.web;
      await whileWaiting(request, waitSeconds * 1000, (signal) => runs.ended(wanted, signal));
    }
    answerRun(response, ended ?? (await runs.record(wanted)));
  };
  return [
    {
      method: 'post',
      path: '/skills/:id/runs',
      operation: operations.run,
      async handle(request, response) {
        const ref = { skill: skillIn(request), key: keyOf(request) };
        const { input } = parseInput(RunRequest, await readAnyJsonBody(request, response), 'body');
        await start({ ...ref, input, inputBy: 'person' }, request, response);
      },
    },
    {
      method: 'get',
      path: '/skills/:id/runs',
      operation: operations.list,
      async handle(request, response) {
        const { id } = await skills.life(skillIn(request));
        const { failed, ...page } = parseInput(RunQuery, request.query, 'query');
        response.json({ runs: await deps.skillRuns.list(id, { ...page, failedOnly: failed }) });
      },
    },
    {
      method: 'get',
      path: '/skills/:id/runs/:key',
      operation: operations.show,
      async handle(request, response) {
        response.json(await runs.record(runIn(request)));
      },
    },
    {
      method: 'post',
      path: '/skills/:id/runs/:key/retry',
      operation: operations.retry,
      async handle(request, response) {
        await start(await runs.retried(runIn(request), keyOf(request)), request, response);
      },
    },
  ];
}

function runIn(request: Request): SkillRunRef {
  return { skill: skillIn(request), key: parseInput(RunKey, request.params['key'], 'key') };
}
