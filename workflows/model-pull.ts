import {
  CancellationScope,
  continueAsNew,
  isCancellation,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';

import type { PullOrder } from '../activities/model-pull.ts';
import type { PullEnd } from '../domain/models/pull.ts';
import { fromActivityFailure } from './failure.ts';
import { type ModelPullInput, wantModel } from './messages.ts';
import { local, pulls } from './proxies.ts';

/** So often a model is pulled that turns out not to be what was named. */
const corruptPulls = 2;

/** The pull of one model: goes on after every break, whatever was restarted; how it ended is recorded in every case. */
export async function modelPull(input: ModelPullInput): Promise<PullEnd> {
  const { asked, by, askedAt, retryMs } = input;
  let isWantedAgain = false;
  setHandler(wantModel, (at) => {
    if (at > askedAt) isWantedAgain = true;
  });
  // Whoever asked before the stop had asked for what was stopped.
  const stopped = CancellationScope.current().cancelRequested.catch(() => {
    isWantedAgain = false;
  });
  const order = { asked, by, startedAt: workflowInfo().startTime.getTime() };
  const end = await pull(order, retryMs);
  if (end.state === 'cancelled') await stopped;
  const goesOn = isWantedAgain && end.state !== 'done';
  await CancellationScope.nonCancellable(() => local.settlePull({ ...order, goesOn }, end));
  if (goesOn) await continueAsNew<typeof modelPull>(input);
  setCurrentDetails(`**${end.state}**${end.state === 'failed' ? `: ${end.error.code}` : ''}`);
  return end;
}

async function pull(order: PullOrder, retryMs: number): Promise<PullEnd> {
  const { pullModel } = pulls(retryMs);
  for (let tries = 1; ; tries += 1) {
    try {
      return { state: 'done', ...(await pullModel(order)) };
    } catch (thrown) {
      if (isCancellation(thrown)) return { state: 'cancelled' };
      const { code, message } = fromActivityFailure(thrown);
      if (code !== 'PULL_CORRUPT' || tries === corruptPulls) return { state: 'failed', error: { code, message } };
    }
  }
}
