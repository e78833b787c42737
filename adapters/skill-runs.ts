import { z } from 'zod';

import type { RunAcceptance, SkillRuns } from '../domain/skills/ports.ts';
import {
  keptRuns,
  type NewSkillRun,
  type SkillRunRecord,
  type SkillRunRef,
  SkillRunResult,
} from '../domain/skills/run.ts';
import { follow } from './follow.ts';
import { acceptRunScript, listRunsScript, settleRunScript } from './lua/skills.ts';
import type { RedisConnections } from './redis.ts';
import { KeyedRuns, runFacts, toRunRecord } from './skill-run-record.ts';

/** Small inputs and outputs stay a week, so that a failed run can be repeated; large ones would fill the store. */
const smallChars = 65_536;
const smallStayMs = 7 * 24 * 60 * 60 * 1000;
const largeStayMs = 60 * 60 * 1000;

const AcceptReply = z.enum(['accepted', 'existing', 'conflict']);

/** Runs of skills in Redis. */
export function createSkillRuns(redis: RedisConnections): SkillRuns {
  const { keys, run, wakeUps } = redis;
  return {
    accept: (newRun) => accept(redis, newRun),
    run: (ref) => read(redis, ref),

    async settle(ref, result, output) {
      const checked = SkillRunResult.parse(result);
      const body = output === undefined ? '' : JSON.stringify(output);
      const settled = await run(settleRunScript, {
        keys: [
          keys.skillRun(ref),
          keys.skillRuns(ref.skill),
          keys.failedRuns(ref.skill),
          keys.runOutput(ref),
          keys.wakeUps,
        ],
        args: [ref.key, checked.state, JSON.stringify(checked), body, stayMs(body)],
      });
      return settled === 1;
    },

    async settled(ref, signal) {
      const watch = await wakeUps.watch(keys.skillRun(ref));
      const read = async () => ({ items: [await isSettled(redis, ref)], more: false });
      for await (const isOver of follow({ watch, signal, read })) if (isOver) return;
    },

    async list(skill, { limit, offset, failedOnly }) {
      if (limit <= 0) return [];
      const prefix = keys.skillRun({ skill, key: '' });
      const rows = await run(listRunsScript, {
        keys: [failedOnly ? keys.failedRuns(skill) : keys.skillRuns(skill)],
        args: [offset, offset + limit - 1, prefix],
      });
      return KeyedRuns.parse(rows).map(([key, fields]) => toRunRecord({ skill, key }, fields));
    },
  };
}

async function accept(redis: RedisConnections, newRun: NewSkillRun): Promise<RunAcceptance> {
  const { keys, run } = redis;
  const { skill, key, inputHash } = newRun;
  const input = JSON.stringify(newRun.input);
  const kind = AcceptReply.parse(
    await run(acceptRunScript, {
      keys: [keys.skillRun(newRun), keys.skillRuns(skill), keys.failedRuns(skill), keys.runInput(newRun)],
      args: [key, runFacts(newRun), inputHash, input, stayMs(input), keptRuns, keys.skillRun({ skill, key: '' })],
    }),
  );
  if (kind !== 'existing') return { kind };
  const record = await read(redis, newRun);
  return record === undefined ? { kind: 'conflict' } : { kind, record };
}

async function read({ keys, call }: RedisConnections, ref: SkillRunRef): Promise<SkillRunRecord | undefined> {
  const [fields, input, output] = await call((c) =>
    Promise.all([
      c.hmget(keys.skillRun(ref), 'facts', 'state', 'result'),
      c.get(keys.runInput(ref)),
      c.get(keys.runOutput(ref)),
    ]),
  );
  const [facts = null, state = null, result = null] = fields;
  return facts === null ? undefined : toRunRecord(ref, [facts, state, result], { input, output });
}

async function isSettled({ keys, call }: RedisConnections, ref: SkillRunRef): Promise<boolean> {
  const state = await call((c) => c.hget(keys.skillRun(ref), 'state'));
  return state !== null && state !== 'pending';
}

function stayMs(json: string): number {
  return json.length <= smallChars ? smallStayMs : largeStayMs;
}
