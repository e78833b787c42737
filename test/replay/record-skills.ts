import { Client } from '@temporalio/client';

import {
  skillEvalWorkflowId,
  skillLifeWorkflowId,
  skillRunDueWorkflowId,
  skillRunWorkflowId,
} from '../../workflows/messages.ts';
import { scheduleDriver } from '../integration/skills/schedule-support.ts';
import { skillDriver } from '../integration/skills/support.ts';
import { createSkillTwins } from '../support/skill-twins.ts';
import type { TestStack } from '../support/stack.ts';
import { startTalos } from '../support/talos.ts';

type Talos = Awaited<ReturnType<typeof startTalos>>;
type Record = (name: string, workflowId: string, runId?: string) => Promise<void>;

/** Records lives and runs of skills: every state, every way a run ends. */
export async function recordSkills(talos: Talos, record: Record): Promise<void> {
  await recordUse(talos, record);
  await recordBegunAnew(talos, record);
  await recordRejected(talos, record);
  await recordReverted(talos, record);
  await recordRetested(talos, record);
  await recordDue(talos, record);
}

/** Records a measurement of a version that the owner asked for, by a model that can answer cases alone. */
export async function recordEval(stack: TestStack, record: Record): Promise<void> {
  const skills = createSkillTwins({ answerAlone: async () => ({ passed: 1, model: 'talos-test' }) });
  const talos = await startTalos(stack, { skills });
  await Promise.all([talos.serve('core'), talos.serve('gpu'), talos.serve('sandbox')]);
  const skill = skillDriver(talos);
  const { hash } = await skill.submit();
  await skill.reaches(hash, 'awaiting-approval');
  const version = { id: skill.id, hash, key: 'recording' };
  await talos.skillRuntime.measure(version, AbortSignal.timeout(20_000));
  await record('skill-eval-measured', skillEvalWorkflowId(version));
  await talos.close();
}

async function recordUse(talos: Talos, record: Record): Promise<void> {
  const { sandbox } = talos.skills;
  const skill = skillDriver(talos);
  await skill.activate();
  const ok = await skill.run();
  await skill.ended(ok);
  await record('skill-run-ok', skillRunWorkflowId(ok));
  sandbox.follow(async () => ({ verdict: 'infrastructure' }));
  const broken = await skill.run();
  await skill.ended(broken);
  await record('skill-run-without-sandbox', skillRunWorkflowId(broken));
  await recordCancelled(talos, record, skill);
  sandbox.follow(async () => ({ verdict: 'exception' }));
  const failed = await skill.run();
  await skill.ended(failed);
  await record('skill-run-failed', skillRunWorkflowId(failed));
  sandbox.follow(async () => undefined);
  await record('skill-life-in-use', skillLifeWorkflowId(skill.id));
}

/** A life of so many changes that its history begins anew in the middle of a revision. */
async function recordBegunAnew(talos: Talos, record: Record): Promise<void> {
  const skill = skillDriver(talos);
  const { hash } = await skill.activate();
  await talos.skillRuntime.deprecate({ id: skill.id, by: 'owner', reason: 'recording' });
  await talos.skillRuntime.restore({ id: skill.id, hash, by: 'owner', reason: 'recording' });
  await skill.reaches(hash, 'awaiting-approval');
  const client = new Client({ connection: talos.connection, namespace: 'talos' });
  const { raw } = await client.workflow.getHandle(skillLifeWorkflowId(skill.id)).describe();
  const first = raw.workflowExecutionInfo?.firstRunId ?? '';
  await record('skill-life-begun-anew', skillLifeWorkflowId(skill.id), first);
}

async function recordCancelled(talos: Talos, record: Record, skill: ReturnType<typeof skillDriver>): Promise<void> {
  const begun = Promise.withResolvers<void>();
  talos.skills.sandbox.follow(
    (_request, signal) =>
      new Promise((_resolve, reject) => {
        begun.resolve();
        signal.addEventListener('abort', () => reject(new Error('killed')));
      }),
  );
  const run = await skill.run();
  await begun.promise;
  await talos.skillRuntime.cancelRun(run);
  await skill.ended(run);
  await record('skill-run-cancelled', skillRunWorkflowId(run));
}

async function recordRejected(talos: Talos, record: Record): Promise<void> {
  const skill = skillDriver(talos);
  let runs = 0;
  talos.skills.sandbox.follow(async () => {
    runs += 1;
    return runs === 1 ? undefined : { verdict: 'fs-denied' };
  });
  const { hash } = await skill.submit();
  await skill.reaches(hash, 'rejected');
  await record('skill-life-rejected', skillLifeWorkflowId(skill.id));
  talos.skills.sandbox.follow(async () => undefined);
}

async function recordReverted(talos: Talos, record: Record): Promise<void> {
  const skill = skillDriver(talos);
  const first = await skill.activate();
  await skill.activate({ code: 'v2', version: '1.1.0' });
  talos.skills.sandbox.follow(async () => ({ verdict: 'timeout' }));
  await skill.ended(await skill.run());
  await skill.ended(await skill.run());
  await skill.reaches(first.hash, 'active');
  talos.skills.sandbox.follow(async () => undefined);
  await record('skill-life-reverted', skillLifeWorkflowId(skill.id));
}

/**
 * A version that fails again when it is tested again by itself, and is tested once more. `skill-life-retested-once` is the same of a release
 * that rejected such a version; it cannot be recorded anew.
 */
async function recordRetested(talos: Talos, record: Record): Promise<void> {
  const skill = skillDriver(talos);
  const { hash } = await skill.activate();
  const order = { id: skill.id, reason: 'recording', by: 'talos' };
  talos.skills.sandbox.follow(async () => ({ verdict: 'timeout' }));
  for (let strike = 1; strike <= 3; strike += 1) await skill.ended(await skill.run());
  await skill.reaches(hash, 'deprecated');
  await talos.skillRuntime.retest(order);
  await skill.reaches(hash, 'deprecated');
  talos.skills.sandbox.follow(async () => undefined);
  await talos.skillRuntime.retest(order);
  await record('skill-life-retested', skillLifeWorkflowId(skill.id));
}

/** Due runs that ran, failed and were skipped. */
async function recordDue(talos: Talos, record: Record): Promise<void> {
  const skill = skillDriver(talos);
  await skill.activate();
  const schedule = scheduleDriver(talos, skill.id);
  await schedule.create();
  const due = async (name: string, count: number) => {
    await schedule.nextSecond();
    await schedule.trigger();
    const [{ dueAt } = { dueAt: 0 }] = await schedule.ended(count);
    const at = new Date(dueAt).toISOString().replace('.000', '');
    const workflowId = `${skillRunDueWorkflowId(schedule.ref)}-${at}`;
    await schedule.client.workflow.getHandle(workflowId).result();
    await record(name, workflowId);
  };
  await due('skill-run-due-ran', 1);
  talos.skills.sandbox.follow(async () => ({ verdict: 'exception' }));
  await due('skill-run-due-failed', 2);
  talos.skills.sandbox.follow(async () => undefined);
  await talos.skillRuntime.deprecate({ id: skill.id, by: 'owner', reason: 'recording' });
  await due('skill-run-due-skipped', 3);
  await talos.scheduleClock.remove(schedule.ref);
}
