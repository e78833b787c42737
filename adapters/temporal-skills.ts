import {
  Client,
  WithStartWorkflowOperation,
  WorkflowFailedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import type { NativeConnection } from '@temporalio/worker';

import { TalosError } from '../domain/errors.ts';
import type { SkillRuntime } from '../domain/ports.ts';
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
  type SkillLifeInput,
  skillLifeWorkflowId,
  type SkillRunInput,
  skillRunWorkflowId,
  submitSkill,
} from '../workflows/messages.ts';
import { callTemporal } from './temporal-call.ts';
import { measureSkill } from './temporal-measure.ts';
import { cancelRunning, startOnce } from './temporal-workflows.ts';

type SkillRuntimeOptions = {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly taskQueue: string;
  /** Whether a core worker of this process shares the connection. */
  readonly eagerStart: boolean;
  readonly settings?: Partial<LifeSettings>;
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

function lifeCalls(client: Client, options: SkillRuntimeOptions) {
  const { connection } = options;
  const handle = (id: SkillId) => client.workflow.getHandle(skillLifeWorkflowId(id));
  const answer = (id: SkillId, work: () => Promise<SkillLife>) =>
    callTemporal(connection, orderTimeoutMs, () => orderAnswer(id, work));
  return {
    submit: ({ id, ...order }) =>
      answer(id, () =>
        client.workflow.executeUpdateWithStart(submitSkill, {
          args: [order],
          startWorkflowOperation: lifeStart(id, options),
        }),
      ),
    // The same approval is the same update: a repeated one hears the first answer.
    approve: ({ id, ...order }) =>
      answer(id, () =>
        handle(id).executeUpdate(approveSkill, { args: [order], updateId: `approve-${order.approval}` }),
      ),
    reject: ({ id, ...order }) => answer(id, () => handle(id).executeUpdate(rejectSkill, { args: [order] })),
    deprecate: ({ id, ...order }) => answer(id, () => handle(id).executeUpdate(deprecateSkill, { args: [order] })),
    restore: ({ id, ...order }) => answer(id, () => handle(id).executeUpdate(restoreSkill, { args: [order] })),
    retest: ({ id, ...order }) => answer(id, () => handle(id).executeUpdate(retestSkill, { args: [order] })),

    life: (id) =>
      callTemporal(connection, callTimeoutMs, async () => {
        try {
          return await handle(id).query(lifeOfSkill);
        } catch (thrown) {
          if (thrown instanceof WorkflowNotFoundError) return undefined;
          throw thrown;
        }
      }),
  } satisfies Partial<SkillRuntime>;
}

function runCalls(client: Client, options: SkillRuntimeOptions) {
  const { connection } = options;
  const call = <T>(work: () => Promise<T>) => callTemporal(connection, callTimeoutMs, work);
  return {
    startRun: ({ summary, ...run }) => call(() => startRun(client, options, { run, summary })),
    measure(order, signal) {
      const { queueWaitSeconds } = { ...defaultSettings, ...options.settings };
      return measureSkill({ client, connection, taskQueue: options.taskQueue, queueWaitSeconds }, order, signal);
    },
    cancelRun: (ref) => call(() => cancelRunning(client, skillRunWorkflowId(ref))),

    async waitForRun(ref, signal) {
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

/** The life an order ends with, or why it was refused. */
async function orderAnswer(id: SkillId, work: () => Promise<SkillLife>): Promise<SkillLife> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof WorkflowNotFoundError) throw notFound(`skill ${id}`);
    if (thrown instanceof WorkflowUpdateFailedError) throw fromActivityFailure(thrown.cause);
    throw thrown;
  }
}

function notFound(what: string): TalosError {
  return new TalosError('NOT_FOUND', `There is no ${what}; \`talos skills ls\` lists what there is.`);
}

function lifeStart(id: SkillId, { taskQueue, settings }: SkillRuntimeOptions) {
  const input: SkillLifeInput = { id, settings: { ...defaultSettings, ...settings } };
  return new WithStartWorkflowOperation('skillLife', {
    workflowId: skillLifeWorkflowId(id),
    workflowIdConflictPolicy: 'USE_EXISTING',
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    taskQueue,
    args: [input],
    staticSummary: `Skill ${id}`,
    typedSearchAttributes: [{ key: skillAttribute, value: id }],
  });
}

type RunStart = { readonly run: SkillRunRef & { readonly priority: 1 | 3 | 5 }; readonly summary: string };

async function startRun(client: Client, options: SkillRuntimeOptions, { run, summary }: RunStart): Promise<void> {
  const { queueWaitSeconds } = { ...defaultSettings, ...options.settings };
  const { skill, key, priority } = run;
  const input: SkillRunInput = { skill, key, priority, queueWaitSeconds };
  await startOnce(() =>
    client.workflow.start('skillRun', {
      workflowId: skillRunWorkflowId(run),
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      workflowIdConflictPolicy: 'USE_EXISTING',
      taskQueue: options.taskQueue,
      args: [input],
      requestEagerStart: options.eagerStart,
      staticSummary: summary,
      typedSearchAttributes: [{ key: skillAttribute, value: skill }],
    }),
  );
}
