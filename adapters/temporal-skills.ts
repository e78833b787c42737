import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';

import {
  Client,
  isGrpcServiceError,
  WithStartWorkflowOperation,
  WorkflowFailedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType, type UpdateDefinition } from '@temporalio/common';
import type { NativeConnection } from '@temporalio/worker';

import { TalosError } from '../domain/errors.ts';
import type { SkillCatalog, SkillRuntime } from '../domain/skills/ports.ts';
import type { DraftKey } from '../domain/skills/draft.ts';
import type { SkillLife } from '../domain/skills/life.ts';
import type { SkillId } from '../domain/skills/manifest.ts';
import type { SkillRunRef } from '../domain/skills/run.ts';
import { fromActivityFailure } from '../workflows/failure.ts';
import {
  approveSkill,
  deprecateSkill,
  lifeOfSkill,
  type LifeSettings,
  rejectSkill,
  restoreSkill,
  retestSkill,
  type SkillDraftInput,
  skillDraftWorkflowId,
  type SkillLifeInput,
  skillLifeWorkflowId,
  type SkillRunInput,
  skillRunWorkflowId,
  submitSkill,
} from '../workflows/messages.ts';
import { callTemporal } from './temporal-call.ts';
import { measureSkill } from './temporal-measure.ts';
import { cancelRunning, sameRun, startOnce, workflowState } from './temporal-workflows.ts';

type SkillRuntimeOptions = {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly taskQueue: string;
  /** Whether a core worker of this process shares the connection. */
  readonly eagerStart: boolean;
  readonly catalog: Pick<SkillCatalog, 'get'>;
  readonly settings?: Partial<LifeSettings>;
  /** In place of the usual limit of an order; tests pass a short one. */
  readonly orderTimeoutMs?: number;
};

/** What lives and runs start with unless told otherwise. */
const defaultSettings: LifeSettings = { retryMs: 5000, continueAfter: 60, queueWaitSeconds: 120 };

const skillAttribute = defineSearchAttributeKey('TalosSkillId', SearchAttributeType.KEYWORD);

/** How long a start or a question may take. */
const callTimeoutMs = 5000;

/** How long an order may take: it is audited, and files are read and moved. It goes on even when nobody waits any more. */
const orderTimeoutMs = 30_000;

/** Lives and runs of skills through the Temporal client. */
export function createTemporalSkills(options: SkillRuntimeOptions): SkillRuntime {
  const { connection, namespace } = options;
  const client = new Client({ connection, namespace });
  return { ...lifeCalls(client, options), ...runCalls(client, options) };
}

type GivenOrder<Args> = { readonly args: Args; readonly updateId?: string };

function lifeCalls(client: Client, options: SkillRuntimeOptions) {
  const { connection } = options;
  const handle = (id: SkillId) => client.workflow.getHandle(skillLifeWorkflowId(id));
  const answer = (id: SkillId, work: () => Promise<SkillLife>) =>
    callTemporal(connection, options.orderTimeoutMs ?? orderTimeoutMs, () => orderAnswer(id, work));

  /** Does something to a life; where only its workflow is gone, the life goes on from what the catalogue knows. */
  async function living<T>(id: SkillId, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (thrown) {
      if (!(thrown instanceof WorkflowNotFoundError) || (await options.catalog.get(id)) === undefined) throw thrown;
      await startLife(client, id, options);
      return work();
    }
  }

  /** An order to a life that is there, each with an id of its own. */
  function order<Args>(id: SkillId, update: UpdateDefinition<SkillLife, [Args]>, given: GivenOrder<Args>) {
    const { args, updateId = randomUUID() } = given;
    return answer(id, () => living(id, () => handle(id).executeUpdate(update, { args: [args], updateId })));
  }

  return {
    submit({ id, ...args }) {
      const updateId = randomUUID();
      return answer(id, () => {
        const startWorkflowOperation = lifeStart(id, options);
        return client.workflow.executeUpdateWithStart(submitSkill, { args: [args], updateId, startWorkflowOperation });
      });
    },
    // The same approval is the same update: a repeated one hears the first answer.
    approve: ({ id, ...args }) => order(id, approveSkill, { args, updateId: `approve-${args.approval}` }),
    reject: ({ id, ...args }) => order(id, rejectSkill, { args }),
    deprecate: ({ id, ...args }) => order(id, deprecateSkill, { args }),
    restore: ({ id, ...args }) => order(id, restoreSkill, { args }),
    retest: ({ id, ...args }) => order(id, retestSkill, { args }),

    life: (id) =>
      callTemporal(connection, callTimeoutMs, async () => {
        try {
          return await living(id, () => handle(id).query(lifeOfSkill));
        } catch (thrown) {
          if (thrown instanceof WorkflowNotFoundError) return undefined;
          throw thrown;
        }
      }),

    goOn: (id) => callTemporal(connection, callTimeoutMs, () => startLife(client, id, options)),
  } satisfies Partial<SkillRuntime>;
}

function runCalls(client: Client, options: SkillRuntimeOptions) {
  const { connection } = options;
  const call = <T>(work: () => Promise<T>) => callTemporal(connection, callTimeoutMs, work);
  return {
    startDraft: (key) => call(() => startDraft(client, options, key)),
    draftState: (key) => call(() => workflowState(client, skillDraftWorkflowId(key))),
    startRun: ({ summary, ...run }) => call(() => startRun(client, options, { run, summary })),
    measure(order, signal) {
      const { queueWaitSeconds } = { ...defaultSettings, ...options.settings };
      return measureSkill({ client, connection, taskQueue: options.taskQueue, queueWaitSeconds }, order, signal);
    },
    runState: (ref) => call(() => workflowState(client, skillRunWorkflowId(ref))),
    cancelRun: (ref) => call(() => cancelRunning(client, skillRunWorkflowId(ref))),

    async waitForRun(ref, signal) {
      if (signal.aborted) return false; // the connection notices only what aborts later
      const ended = client.workflow.getHandle(skillRunWorkflowId(ref));
      try {
        await connection.withAbortSignal(signal, () => ended.result());
        return true;
      } catch (thrown) {
        if (signal.aborted) return false;
        if (thrown instanceof WorkflowFailedError) return true;
        if (thrown instanceof WorkflowNotFoundError) throw notFound(`run ${ref.key} of skill ${ref.skill}`);
        return call(() => Promise.reject(thrown));
      }
    },
  } satisfies Partial<SkillRuntime>;
}

/**
 * The life an order ends with, or why it was refused. An order that met the moment in which a history begins anew is given again: the
 * server asks for that, and its update id keeps it from being carried out twice.
 */
async function orderAnswer(id: SkillId, work: () => Promise<SkillLife>): Promise<SkillLife> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (thrown) {
      if (thrown instanceof WorkflowNotFoundError) throw notFound(`skill ${id}`);
      if (thrown instanceof WorkflowUpdateRPCTimeoutOrCancelledError) throw unanswered(id, thrown);
      if (thrown instanceof WorkflowUpdateFailedError) throw fromActivityFailure(thrown.cause);
      if (tries === orderTries || !wasInterrupted(thrown)) throw thrown;
      await setTimeout(100 * tries);
    }
  }
}

/** So often an order is given while histories begin anew under it. */
const orderTries = 5;

/** gRPC status FAILED_PRECONDITION: the task the order was in did not count. */
const failedPrecondition = 9;

function wasInterrupted(thrown: unknown): boolean {
  const cause = isGrpcServiceError(thrown) ? thrown : thrown instanceof Error ? thrown.cause : undefined;
  return isGrpcServiceError(cause) && Number(cause.code) === failedPrecondition;
}

/** The store or the audit log may keep the order waiting as well as Temporal: it may still be done, and a code for it is used up. */
function unanswered(id: SkillId, cause: Error): TalosError {
  const message = `Skill ${id} has not answered in time; check \`talos doctor\`. What was asked for may still be done; look with: talos skills show ${id}`;
  return new TalosError('RUNTIME_UNAVAILABLE', message, { cause });
}

function notFound(what: string): TalosError {
  return new TalosError('NOT_FOUND', `There is no ${what}; \`talos skills ls\` lists what there is.`);
}

function lifeStart(id: SkillId, options: SkillRuntimeOptions) {
  return new WithStartWorkflowOperation('skillLife', lifeOptions(id, options));
}

async function startLife(client: Client, id: SkillId, options: SkillRuntimeOptions): Promise<void> {
  await client.workflow.start('skillLife', lifeOptions(id, options));
}

/** One that runs stays as it is. */
function lifeOptions(id: SkillId, { taskQueue, settings }: SkillRuntimeOptions) {
  const input: SkillLifeInput = { id, settings: { ...defaultSettings, ...settings } };
  return {
    workflowId: skillLifeWorkflowId(id),
    workflowIdConflictPolicy: 'USE_EXISTING' as const,
    workflowIdReusePolicy: 'ALLOW_DUPLICATE' as const,
    taskQueue,
    args: [input],
    staticSummary: `Skill ${id}`,
    typedSearchAttributes: [{ key: skillAttribute, value: id }],
  };
}

async function startDraft(client: Client, options: SkillRuntimeOptions, key: DraftKey): Promise<void> {
  const { queueWaitSeconds } = { ...defaultSettings, ...options.settings };
  const input: SkillDraftInput = { key, gpuWaitSeconds: queueWaitSeconds };
  await startOnce(() =>
    client.workflow.start('skillDraft', {
      workflowId: skillDraftWorkflowId(key),
      ...sameRun,
      taskQueue: options.taskQueue,
      args: [input],
      requestEagerStart: options.eagerStart,
    }),
  );
}

type RunStart = { readonly run: SkillRunRef & { readonly priority: 1 | 3 | 5 }; readonly summary: string };

async function startRun(client: Client, options: SkillRuntimeOptions, { run, summary }: RunStart): Promise<void> {
  const { queueWaitSeconds } = { ...defaultSettings, ...options.settings };
  const { skill, key, priority } = run;
  const input: SkillRunInput = { skill, key, priority, queueWaitSeconds };
  await startOnce(() =>
    client.workflow.start('skillRun', {
      workflowId: skillRunWorkflowId(run),
      ...sameRun,
      taskQueue: options.taskQueue,
      args: [input],
      requestEagerStart: options.eagerStart,
      staticSummary: summary,
      typedSearchAttributes: [{ key: skillAttribute, value: skill }],
    }),
  );
}
