import { z } from 'zod';

import { TalosError } from '../domain/errors.ts';
import { isDueNight } from '../domain/night/night-id.ts';
import type { NightRuns } from '../domain/night/ports.ts';
import { NightProgress, NightRun, type NightRunId, type NightView } from '../domain/night/run.ts';
import { follow } from './follow.ts';
import {
  accountNightsScript,
  beginNightScript,
  getNightScript,
  listNightsScript,
  rewindNightsScript,
  saveNightScript,
  tellNightScript,
} from './lua/night.ts';
import { nightChanges } from './night-changes.ts';
import type { RedisConnections } from './redis.ts';
import { toJson } from './stored-json.ts';

/** So many runs are kept: three months, and what was asked for in between. */
const keptRuns = 120;

/** Runs kept beyond those until it is known what came of every earlier one. */
const mostRuns = 2000;

const BeginReply = z.union([
  z.tuple([z.literal('begun')]),
  z.tuple([z.literal('ended'), z.string()]),
  z.tuple([z.literal('overlap'), z.string()]),
]);
const GetReply = z.tuple([z.string().nullable(), z.string().nullable()]);
const Texts = z.array(z.string());

/** Runs of the nightly maintenance in Redis. */
export function createNightRuns(redis: RedisConnections): NightRuns {
  const { keys, call, run, wakeUps } = redis;
  const places = [keys.wakeUps, keys.nightState, keys.nightTimes, keys.nightRuns];

  async function get(id: NightRunId): Promise<NightView | undefined> {
    const [json, progress] = GetReply.parse(await run(getNightScript, { keys: places, args: [id] }));
    if (json === null) return undefined;
    return { ...read(NightRun, json), ...(progress !== null && { progress: read(NightProgress, progress) }) };
  }

  return {
    get,

    async begin(night, { at, overAt }) {
      const { id, dueAt } = night;
      const args = [id, dueAt, toJson(NightRun.parse(night)), at, overAt];
      const [kind, more] = BeginReply.parse(await run(beginNightScript, { keys: places, args }));
      if (kind === 'ended') return { kind, run: read(NightRun, more) };
      return kind === 'overlap' ? { kind, running: more } : { kind };
    },

    async save(night) {
      const hasEnded = night.state === 'running' ? 0 : 1;
      const json = toJson(NightRun.parse(night));
      const args = [night.id, night.dueAt, json, hasEnded, keptRuns, mostRuns];
      return (await run(saveNightScript, { keys: places, args })) === 1;
    },

    async tell(id, progress) {
      await run(tellNightScript, { keys: places, args: [id, toJson(NightProgress.parse(progress))] });
    },

    async list({ since, limit }) {
      const found = Texts.parse(await run(listNightsScript, { keys: places, args: [since, limit] }));
      return found.map((json) => read(NightRun, json));
    },

    async goingOn() {
      const [id, overAt] = await call((c) => c.hmget(keys.nightState, 'running', 'over'));
      return id === null || id === undefined ? undefined : { id, overAt: Number(overAt) };
    },

    async *follow(id, signal) {
      const watch = await wakeUps.watch(keys.nightRuns);
      const changes = nightChanges(() => get(id));
      for await (const view of follow({ watch, signal, read: changes })) {
        yield view;
        if (view.state !== 'running') return;
      }
    },

    async accounted() {
      const until = Number(await call((c) => c.hget(keys.nightState, 'until')));
      const scores = await call((c) => c.zrangebyscore(keys.nightTimes, `(${until}`, '+inf', 'WITHSCORES'));
      const known = scores.flatMap((id, place) =>
        place % 2 === 0 && isDueNight(id) ? [Number(scores[place + 1])] : [],
      );
      return { until, known };
    },

    async account({ until, missed }) {
      const each = missed.flatMap((night) => [night.id, night.dueAt, toJson(NightRun.parse(night))]);
      await run(accountNightsScript, { keys: places, args: [until, keptRuns, mostRuns, ...each] });
    },

    async rewind({ until, now }) {
      await run(rewindNightsScript, { keys: places, args: [until, now] });
    },
  };
}

function read<Schema extends z.ZodType>(schema: Schema, json: string): z.output<Schema> {
  try {
    return schema.parse(JSON.parse(json));
  } catch (cause) {
    throw new TalosError('INTERNAL', 'A dream cycle is not stored as Talos writes it; restore a backup.', { cause });
  }
}
