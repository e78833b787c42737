import { activityInfo } from '@temporalio/activity';

import { TalosError } from '../domain/errors.ts';
import { refuseWhenLocked } from '../domain/lockdown/refuse.ts';
import { autopullOrder, missingModels, type WantedModels } from '../domain/models/autopull.ts';
import { checkPulled } from '../domain/models/check-pulled.ts';
import { type ModelName, readModelName } from '../domain/models/name.ts';
import {
  knownLayers,
  missingBytes,
  newTrack,
  type PullEnd,
  progressOf,
  type PullTrack,
  trackPull,
} from '../domain/models/pull.ts';
import { assertRoom } from '../domain/models/room.ts';
import type { ModelPorts, ModelStore } from '../domain/models/store.ts';
import type { AuditLog, LanguageModel, LockdownStore } from '../domain/ports.ts';
import { abortReason, withHeartbeat } from './heartbeat.ts';
import { createPullRecord, type PullRecord } from './pull-record.ts';

type Deps = {
  readonly model: LanguageModel;
  readonly modelPorts: ModelPorts;
  readonly lockdown: LockdownStore;
  readonly audit: AuditLog;
  now(): number;
};

/** A pull: the name as it was asked for, who wants it, and when its workflow began. */
export type PullOrder = { readonly asked: string; readonly by: string; readonly startedAt: number };

type Pulled = Omit<Extract<PullEnd, { state: 'done' }>, 'state'>;

/** Nothing is begun with less room than this. */
const leastRoomBytes = 64 * 1024 * 1024;

/** How often what is known of a pull is written down. */
const recordEveryMs = 500;

/** The steps that bring models. */
export function createModelPullActivities(deps: Deps) {
  return {
    /** Brings a model and checks what came. An attempt goes on where the one before was cut off. */
    async pullModel(order: PullOrder): Promise<Pulled> {
      const name = readModelName(order.asked);
      const store = storeOf(deps.modelPorts);
      const record = createPullRecord(deps, { name, startedAt: order.startedAt });
      let track: PullTrack = { ...newTrack, receivedBytes: receivedBefore() };
      try {
        return await withHeartbeat(
          (signal) =>
            untilAborted(signal, () =>
              pull({ deps, name, store, order, record, signal, heard: (next) => (track = next) }, track),
            ),
          () => refuseWhenLocked(deps.lockdown),
          () => ({ receivedBytes: track.receivedBytes, ...progressOf(track, deps.now()) }),
        );
      } catch (thrown) {
        if (thrown instanceof TalosError && thrown.retryable) await record.wait(track, thrown);
        throw thrown;
      }
    },

    /** Writes down how a pull ended. Readers are not told of an end after which it `goesOn` anew. */
    async settlePull(order: PullOrder & { goesOn?: boolean }, end: PullEnd): Promise<void> {
      const { listed, host } = readModelName(order.asked);
      const { startedAt } = order;
      const facts = end.state === 'done' ? doneFacts(end) : end.state === 'failed' ? { code: end.error.code } : {};
      const details = { host, state: end.state, startedAt, ...facts };
      await deps.audit.appendOnce({ type: 'model-pulled', actor: order.by, subject: listed, details }, startedAt);
      if (order.goesOn !== true) await createPullRecord(deps, { name: { listed, host }, startedAt }).end(end);
    },

    /** Which models the machine is to have by itself and lacks, in the order they are wanted. */
    async findMissingModels(wanted: WantedModels): Promise<Pick<ModelName, 'asked' | 'listed'>[]> {
      await refuseWhenLocked(deps.lockdown);
      const missing = missingModels(autopullOrder(wanted), await deps.model.installed(), wanted);
      return missing.map(readModelName).map(({ asked, listed }) => ({ asked, listed }));
    },
  };
}

type Pulling = {
  readonly deps: Deps;
  readonly name: ModelName;
  readonly store: ModelStore;
  readonly order: PullOrder;
  readonly record: PullRecord;
  readonly signal: AbortSignal;
  /** Told what is known now. */
  readonly heard: (track: PullTrack) => void;
};

async function pull(pulling: Pulling, begun: PullTrack): Promise<Pulled> {
  const { deps, name, store, record, signal, heard } = pulling;
  await begin(pulling);
  let track = begun;
  let recordedAt = -Infinity;
  for await (const event of store.pull(name, signal)) {
    const known = knownLayers(track).length;
    track = trackPull(track, event, deps.now());
    heard(track);
    if (knownLayers(track).length > known) await assertRoomForRest(deps, track);
    const isFresh = Math.abs(deps.now() - recordedAt) < recordEveryMs; // also after the clock was set back
    if (isFresh && event.type !== 'verifying') continue;
    recordedAt = deps.now();
    await record.progress(track);
  }
  const { digest, sizeBytes } = await checkPulled({ store, ...deps.modelPorts }, { name, track }, signal);
  return { digest, sizeBytes, receivedBytes: track.receivedBytes };
}

/** Runs work whose failure after an abort is what the abort was for. */
async function untilAborted<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    throw signal.aborted ? abortReason(signal) : thrown;
  }
}

/** What has to hold before anything is asked of a registry; the audit knows of it first. */
async function begin({ deps, name, order }: Pulling): Promise<void> {
  await refuseWhenLocked(deps.lockdown);
  await assertRoomFor(deps, leastRoomBytes);
  if (!name.local && !deps.modelPorts.machine.isOnline()) {
    const message = `This machine has no network now, so ${name.listed} cannot come from ${name.host}; it is tried again.`;
    throw new TalosError('PULL_FAILED', message);
  }
  const { by: actor, startedAt } = order;
  const details = { host: name.host, state: 'begun', startedAt };
  await deps.audit.appendOnce({ type: 'model-pulled', actor, subject: name.listed, details }, startedAt);
}

async function assertRoomForRest(deps: Deps, track: PullTrack): Promise<void> {
  const onDisk = await deps.modelPorts.machine.bytesOnDisk(knownLayers(track));
  await assertRoomFor(deps, missingBytes(track, onDisk ?? 0));
}

async function assertRoomFor({ modelPorts }: Deps, neededBytes: number): Promise<void> {
  assertRoom(neededBytes, await modelPorts.machine.freeBytes());
}

function doneFacts({ digest, sizeBytes, receivedBytes }: Pulled) {
  return { digest, sizeBytes, receivedBytes };
}

/** What earlier attempts of this pull brought, as their last heartbeat told. */
function receivedBefore(): number {
  const details: unknown = activityInfo().heartbeatDetails;
  if (typeof details !== 'object' || details === null || !('receivedBytes' in details)) return 0;
  return typeof details.receivedBytes === 'number' ? details.receivedBytes : 0;
}

/** The store of this engine; fails with MODEL_REFUSED where it has none. */
function storeOf({ store }: ModelPorts): ModelStore {
  if (store !== undefined) return store;
  throw new TalosError('MODEL_REFUSED', 'This engine pulls no models; give it its model file in the settings.');
}
