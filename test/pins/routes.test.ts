import { expect, test } from 'vitest';

import { createMemoryAgentRuntime } from '../../adapters/memory/agent-runtime.ts';
import { createApprovalCodes } from '../../adapters/approval-codes.ts';
import { createCodeBox } from '../../adapters/code-box.ts';
import { hashText } from '../../adapters/index.ts';
import { createMemoryApprovalLedger } from '../../adapters/memory/approval-codes.ts';
import { createMemoryAwaitedClouds } from '../../adapters/memory/awaited-clouds.ts';
import { createMemoryAuditLog } from '../../adapters/memory/audit-log.ts';
import { createMemoryChat } from '../../adapters/memory/conversation-store.ts';
import { createMemoryImageStore } from '../../adapters/memory/image-store.ts';
import { createMemoryLanguageModel } from '../../adapters/memory/language-model.ts';
import { createMemoryLockdownStore } from '../../adapters/memory/lockdown-store.ts';
import { createMemoryLogStream } from '../../adapters/memory/log-stream.ts';
import { createMemoryNightClock } from '../../adapters/memory/night-clock.ts';
import { createMemoryNightRuns } from '../../adapters/memory/night-runs.ts';
import { createMemoryNightRuntime } from '../../adapters/memory/night-runtime.ts';
import { createMemoryReportStore } from '../../adapters/memory/report-store.ts';
import { createMemorySkillRuntime } from '../../adapters/memory/skill-runtime.ts';
import { createSkillBundles } from '../../adapters/skill-bundles.ts';
import { createBundleTools } from '../../adapters/skill-reader.ts';
import { createRoutes } from '../../api/app.ts';
import { describeApi } from '../../api/openapi.ts';
import { createTraffic } from '../../api/traffic.ts';
import { parseConfig } from '../../domain/config/parse.ts';
import { createModelTwins } from '../support/model-twins.ts';
import { createSkillTwins } from '../support/skill-twins.ts';
import { noFigures } from '../integration/api/no-figures.ts';

const idle = { ping: async () => undefined };
const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

const codeBox = createCodeBox();
const skillTwins = createSkillTwins();

const { open, closed } = createRoutes(
  {
    ...createMemoryChat(),
    config: parseConfig({}),
    logs: createMemoryLogStream(),
    model: createMemoryLanguageModel(),
    modelPorts: createModelTwins(),
    lockdown: createMemoryLockdownStore(),
    reports: createMemoryReportStore(),
    audit: createMemoryAuditLog(),
    approvals: createApprovalCodes({
      ledger: createMemoryApprovalLedger(),
      key: new Uint8Array(32),
      delivery: codeBox,
    }),
    codeBox,
    hashText,
    images: createMemoryImageStore(),
    ...skillTwins,
    checkInput: skillTwins.skillRules.checkInput,
    skillRuntime: createMemorySkillRuntime({ ...skillTwins, script: async () => {} }),
    nightRuns: createMemoryNightRuns(),
    nightClock: createMemoryNightClock(),
    nightRuntime: createMemoryNightRuntime(createMemoryNightRuns()),
    skillBundles: createSkillBundles({ tools: createBundleTools({ maxBytes: 1024 }) }),
    awaitedClouds: createMemoryAwaitedClouds(),
    runtime: createMemoryAgentRuntime(async () => {}),
    probes: { temporal: idle, redis: idle, chroma: idle, ollama: idle },
    metrics: noFigures,
    verifyPassword: async () => false,
    logger: quiet,
    now: () => 0,
    newKey: () => 'key',
  },
  createTraffic(),
);
const document = describeApi([...open, ...closed]);
const documented = Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({ name: `${method.toUpperCase()} ${path}`, operation })),
);

/** What clients call. */
const pinned = [
  'DELETE /admin/dream-cycle/{id}',
  'DELETE /chat/{id}',
  'DELETE /models/pulls/{model}',
  'DELETE /models/{model}',
  'DELETE /skills/{id}',
  'DELETE /skills/{id}/schedules/{schedule}',
  'GET /admin/dream-cycle',
  'GET /admin/dream-cycle/{id}',
  'GET /admin/dream-cycle/{id}/events',
  'GET /approvals',
  'GET /chat/{id}',
  'GET /chat/{id}/events',
  'GET /codes',
  'GET /conversations',
  'GET /conversations/{id}',
  'GET /health',
  'GET /images/{hash}',
  'GET /metrics',
  'GET /models',
  'GET /models/pulls/{model}',
  'GET /models/pulls/{model}/events',
  'GET /openapi.json',
  'GET /panic',
  'GET /reports',
  'GET /reports/latest',
  'GET /reports/{id}',
  'GET /schedules',
  'GET /skills',
  'GET /skills/drafts/{key}',
  'GET /skills/{id}',
  'GET /skills/{id}/export',
  'GET /skills/{id}/runs',
  'GET /skills/{id}/runs/{key}',
  'GET /skills/{id}/schedules',
  'GET /skills/{id}/schedules/{schedule}',
  'GET /ws/logs',
  'POST /admin/dream-cycle',
  'POST /chat',
  'POST /chat/{id}/calls/{call}/approve',
  'POST /chat/{id}/calls/{call}/refuse',
  'POST /chat/{id}/calls/{call}/tts-request',
  'POST /chat/{id}/cloud/approve',
  'POST /chat/{id}/cloud/refuse',
  'POST /chat/{id}/cloud/tts-request',
  'POST /models',
  'POST /panic',
  'POST /panic/unlock',
  'POST /panic/unlock/code',
  'POST /skills',
  'POST /skills/drafts',
  'POST /skills/{id}/eval',
  'POST /skills/{id}/promote',
  'POST /skills/{id}/reject',
  'POST /skills/{id}/restore',
  'POST /skills/{id}/runs',
  'POST /skills/{id}/runs/{key}/retry',
  'POST /skills/{id}/schedules',
  'POST /skills/{id}/schedules/{schedule}/pause',
  'POST /skills/{id}/schedules/{schedule}/resume',
  'POST /skills/{id}/tts-request',
  'PUT /models/use',
];

test('the routes are the pinned ones', () => {
  const registered = [...open, ...closed].map(
    ({ method, path }) => `${method.toUpperCase()} ${path.replaceAll(/:(\w+)/g, '{$1}')}`,
  );
  expect(registered.toSorted()).toEqual(pinned);
});

test('only health needs no sign-in', () => {
  expect(open.map(({ path }) => path)).toEqual(['/health']);
  const withoutSignIn = documented.filter(({ operation }) => 'security' in operation);
  expect(withoutSignIn.map(({ name }) => name)).toEqual(['GET /health']);
});

test('every route is described, and nothing else', () => {
  expect(documented.map(({ name }) => name).toSorted()).toEqual(pinned);
});

test('every description has a summary, a success and its problems', () => {
  for (const { name, operation } of documented) {
    const statuses = Object.keys((operation as { responses: object }).responses);
    expect({ name, operation }).toMatchObject({
      operation: { summary: expect.any(String), operationId: expect.any(String) },
    });
    const refusals = name === 'GET /health' ? [] : ['401'];
    expect(statuses, name).toEqual(expect.arrayContaining([...refusals, '403', '429', '500', '503']));
    expect(
      statuses.some((status) => /^[12]\d\d$/.test(status)),
      name,
    ).toBe(true);
  }
});

test('a description of a route with a body names both what is no JSON and what does not fit', () => {
  const withBody = documented.filter(({ operation }) => {
    const { requestBody } = operation as { requestBody?: { required?: boolean } };
    return requestBody?.required === true;
  });
  expect(withBody.length).toBeGreaterThan(10);
  for (const { name, operation } of withBody) {
    const { responses } = operation as { responses: Record<string, { description: string }> };
    expect(responses['400']?.description, name).toMatch(/VALIDATION_FAILED.*BODY_NOT_JSON/);
  }
});

test('operation ids are the pinned ones', () => {
  const ids = documented.map(({ operation }) => (operation as { operationId: string }).operationId);
  expect(ids.toSorted()).toEqual([
    'approveCall',
    'approveCloud',
    'askCallCode',
    'askCloudCode',
    'askPromotionCode',
    'askUnlockCode',
    'cancelDreamCycle',
    'deprecateSkill',
    'draftSkill',
    'evalSkill',
    'exportSkill',
    'followDreamCycle',
    'followLogs',
    'followMessage',
    'followModelPull',
    'getConversation',
    'getDescription',
    'getDreamCycle',
    'getHealth',
    'getImage',
    'getLatestReport',
    'getLockdown',
    'getMessage',
    'getMetrics',
    'getModelPull',
    'getReport',
    'getSchedule',
    'getSkill',
    'getSkillDraft',
    'getSkillRun',
    'listApprovals',
    'listCodes',
    'listConversations',
    'listDreamCycles',
    'listModels',
    'listReports',
    'listSchedules',
    'listSkillRuns',
    'listSkillSchedules',
    'listSkills',
    'panic',
    'pauseSchedule',
    'promoteSkill',
    'pullModel',
    'refuseCall',
    'refuseCloud',
    'rejectSkill',
    'removeModel',
    'restoreSkill',
    'resumeSchedule',
    'retrySkillRun',
    'runSkill',
    'scheduleSkill',
    'sendMessage',
    'startDreamCycle',
    'stopMessage',
    'stopModelPull',
    'submitSkill',
    'unlock',
    'unscheduleSkill',
    'useModel',
  ]);
});

test('schemas are shared by name', () => {
  expect(Object.keys(document.components?.schemas ?? {}).toSorted()).toEqual(
    expect.arrayContaining(['ChatReply', 'ChatRequest', 'Health', 'MessageRecord', 'Problem', 'StreamEvent']),
  );
});

test('every reference leads somewhere', () => {
  const names = new Set(Object.keys(document.components?.schemas ?? {}));
  const references = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(
    ([, name = '']) => name,
  );
  expect(references.filter((name) => !names.has(name))).toEqual([]);
  expect(references.length).toBeGreaterThan(20);
});
