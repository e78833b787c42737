import type { Request, Response } from 'express';
import { z } from 'zod';

import type { ApprovalRequest } from '../../domain/approval/code.ts';
import { TalosError } from '../../domain/errors.ts';
import { refuseWhenLocked } from '../../domain/lockdown/refuse.ts';
import { BundleHash, type SkillId } from '../../domain/skills/manifest.ts';
import { SkillLife } from '../../domain/skills/life.ts';
import { consentRefusal } from '../../domain/skills/promotion.ts';
import { actorOf, createConsent } from '../consent.ts';
import type { ApiDeps } from '../deps.ts';
import { parseInput } from '../problem.ts';
import { readJsonBody } from '../read-body.ts';
import { problems, type Route } from '../route.ts';
import { createSkills, type Skills } from '../skills.ts';
import { skillIn, SkillPath } from './skills.ts';
import { CodeTicket, tellTicket } from './unlock.ts';

const Reason = z
  .string()
  .trim()
  .min(1, 'must not be empty')
  .max(500)
  .regex(/^\P{Cc}*$/u, 'must be one line of text');
const Candidate = BundleHash.optional().meta({ description: 'The version that was looked at; another one is refused' });

const CodeRequest = z.strictObject({ hash: Candidate }).meta({ id: 'SkillCodeRequest' });

const Promotion = z
  .strictObject({
    tts_code: z.string().meta({ description: 'The code the owner was sent', example: '0123' }),
    hash: Candidate,
    override: Reason.optional().meta({ description: 'Why it is promoted although the model alone did better' }),
  })
  .meta({ id: 'SkillPromotion' });

const Rejection = z.strictObject({ reason: Reason, hash: Candidate }).meta({ id: 'SkillRejection' });
const Restoration = z.strictObject({ reason: Reason, hash: BundleHash }).meta({ id: 'SkillRestoration' });
const DeprecationQuery = z.strictObject({ reason: Reason.default('asked for over the API'), hash: Candidate });

const life = { content: { 'application/json': { schema: SkillLife } } };
const badBody = ['VALIDATION_FAILED', 'BODY_NOT_JSON', 'BODY_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'] as const;
const refusals = [
  'NOT_FOUND',
  'SKILL_NOT_READY',
  'SKILL_CHANGED',
  'RUNTIME_UNAVAILABLE',
  'STORE_UNAVAILABLE',
  'AUDIT_UNAVAILABLE',
] as const;
const consentRefusals = ['LOCKDOWN', 'APPROVAL_LOCKED', 'SKILLS_UNAVAILABLE'] as const;

const operations = {
  ask: {
    operationId: 'askPromotionCode',
    summary: 'Send the owner a code that promotes the version that waits, and no other',
    requestParams: { path: SkillPath },
    requestBody: { required: false, content: { 'application/json': { schema: CodeRequest } } },
    responses: {
      202: { description: 'The code is on its way', content: { 'application/json': { schema: CodeTicket } } },
      ...problems(...badBody, ...refusals, ...consentRefusals, 'APPROVAL_UNDELIVERED'),
    },
  },
  promote: {
    operationId: 'promoteSkill',
    summary: 'Promote the version that waits, with a code of the owner',
    requestParams: { path: SkillPath },
    requestBody: { required: true, content: { 'application/json': { schema: Promotion } } },
    responses: {
      200: { description: 'It is active', ...life },
      ...problems(...badBody, ...refusals, ...consentRefusals, 'APPROVAL_REFUSED'),
    },
  },
  reject: {
    operationId: 'rejectSkill',
    summary: 'End the test of the version in quarantine',
    requestParams: { path: SkillPath },
    requestBody: { required: true, content: { 'application/json': { schema: Rejection } } },
    responses: { 200: { description: 'It is rejected', ...life }, ...problems(...badBody, ...refusals) },
  },
  deprecate: {
    operationId: 'deprecateSkill',
    summary: 'Take the active version out of use',
    requestParams: { path: SkillPath, query: DeprecationQuery },
    responses: { 200: { description: 'It is deprecated', ...life }, ...problems('VALIDATION_FAILED', ...refusals) },
  },
  restore: {
    operationId: 'restoreSkill',
    summary: 'Put a former version into quarantine again',
    requestParams: { path: SkillPath },
    requestBody: { required: true, content: { 'application/json': { schema: Restoration } } },
    responses: { 200: { description: 'It will be tested', ...life }, ...problems(...badBody, ...refusals, 'LOCKDOWN') },
  },
} satisfies Record<string, Route['operation']>;

/** What the owner decides about skills: codes, promotion, rejection, deprecation, restoration. */
export function decisionRoutes(deps: ApiDeps): Route[] {
  const skills = createSkills(deps);
  const { skillRuntime, lockdown } = deps;
  return [
    { method: 'post', path: '/skills/:id/tts-request', operation: operations.ask, handle: codeHandler(deps, skills) },
    {
      method: 'post',
      path: '/skills/:id/promote',
      operation: operations.promote,
      handle: promoteHandler(deps, skills),
    },
    {
      method: 'post',
      path: '/skills/:id/reject',
      operation: operations.reject,
      async handle(request, response) {
        const id = skillIn(request);
        const { reason, hash: given } = parseInput(Rejection, await readJsonBody(request, response), 'body');
        const hash = given ?? (await candidateOf(skills, id));
        response.json(await skillRuntime.reject({ id, hash, reason, by: actorOf(request, deps) }));
      },
    },
    {
      method: 'delete',
      path: '/skills/:id',
      operation: operations.deprecate,
      async handle(request, response) {
        const id = skillIn(request);
        const { reason, hash } = parseInput(DeprecationQuery, request.query, 'query');
        const order = { id, reason, by: actorOf(request, deps), ...(hash !== undefined && { hash }) };
        response.json(await skillRuntime.deprecate(order));
      },
    },
    {
      method: 'post',
      path: '/skills/:id/restore',
      operation: operations.restore,
      async handle(request, response) {
        const id = skillIn(request);
        const order = parseInput(Restoration, await readJsonBody(request, response), 'body');
        await refuseWhenLocked(lockdown);
        response.json(await skillRuntime.restore({ id, ...order, by: actorOf(request, deps) }));
      },
    },
  ];
}

/** Asking is refused for what could not be promoted now; a reason for a negative benefit may still come with the promotion. */
const laterReason = 'given with the promotion';

function codeHandler(deps: ApiDeps, skills: Skills): Route['handle'] {
  const consent = createConsent(deps);
  return async (request, response) => {
    const id = skillIn(request);
    const { hash } = parseInput(CodeRequest, await optionalBody(request, response), 'body');
    const wanted = await promotable({ deps, skills, id }, { hash, override: laterReason });
    response.status(202).json(tellTicket(await consent.ask(wanted, actorOf(request, deps))));
  };
}

function promoteHandler(deps: ApiDeps, skills: Skills): Route['handle'] {
  const consent = createConsent(deps);
  return async (request, response) => {
    const id = skillIn(request);
    const { tts_code: code, ...wish } = parseInput(Promotion, await readJsonBody(request, response), 'body');
    const by = actorOf(request, deps);
    // All that would keep the version from promotion is looked at first, so that no code is used up in vain.
    const wanted = await promotable({ deps, skills, id }, wish);
    const approval = await consent.take({ ...wanted, code }, by);
    const { override } = wish;
    const order = { id, hash: wanted.binding, approval, by, ...(override !== undefined && { override }) };
    response.json(await deps.skillRuntime.approve(order));
  };
}

type Place = { readonly deps: ApiDeps; readonly skills: Skills; readonly id: SkillId };
type Wish = { readonly hash?: BundleHash | undefined; readonly override?: string | undefined };

/** What a code has to be for. Fails with LOCKDOWN, NOT_FOUND, SKILL_NOT_READY and SKILL_CHANGED. */
async function promotable({ deps, skills, id }: Place, { hash: given, override }: Wish): Promise<ApprovalRequest> {
  await refuseWhenLocked(deps.lockdown);
  const now = await skills.lifeNow(id);
  const hash = given ?? now.candidate?.hash ?? now.active?.hash ?? '';
  const refusal = consentRefusal(now, { hash, override });
  if (refusal !== undefined) throw new TalosError(refusal.code, refusal.message);
  await deps.skills.load(id, hash);
  return { action: 'skill-promote', subject: id, binding: hash };
}

async function candidateOf(skills: Skills, id: SkillId): Promise<BundleHash> {
  const { candidate } = await skills.lifeNow(id);
  if (candidate !== undefined) return candidate.hash;
  throw new TalosError('SKILL_NOT_READY', `Skill ${id} has no version under test; nothing was rejected.`);
}

async function optionalBody(request: Request, response: Response): Promise<unknown> {
  const isEmpty = request.headers['transfer-encoding'] === undefined && (request.get('content-length') ?? '0') === '0';
  return isEmpty ? {} : readJsonBody(request, response);
}
