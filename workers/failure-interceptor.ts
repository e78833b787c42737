import { type Context, CancelledFailure } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';

import type { Logger } from '../domain/log.ts';
import { toApplicationFailure } from '../workflows/failure.ts';

/** Lets activities throw TalosErrors: turns them into what Temporal retries by, and logs every failed attempt once. */
export function createFailureInterceptor(logger: Logger): ActivityInterceptorsFactory {
  return (context: Context) => ({
    inbound: {
      async execute(input, next) {
        const { activityType, attempt, workflowExecution } = context.info;
        const correlationId = correlationOf(workflowExecution?.workflowId ?? '');
        const startedAt = performance.now();
        try {
          const result: unknown = await next(input);
          const durationMs = Math.round(performance.now() - startedAt);
          logger.debug({ correlationId, activity: activityType, attempt, durationMs }, 'activity done');
          return result;
        } catch (thrown) {
          if (thrown instanceof CancelledFailure) throw thrown;
          const failure = thrown instanceof ApplicationFailure ? thrown : toApplicationFailure(thrown);
          logger.warn(
            { correlationId, activity: activityType, attempt, code: failure.type, err: thrown },
            failure.message,
          );
          throw failure;
        }
      },
    },
  });
}

/** The message id of a message's workflow, else the workflow id itself. */
function correlationOf(workflowId: string): string {
  const [type, conversation, key] = workflowId.split('/');
  return type === 'message' && key !== undefined ? `${conversation}.${key}` : workflowId;
}
