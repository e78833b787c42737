import { keyFate } from '../../domain/night/key-rules.ts';
import type { PhaseContext, PhaseWork } from '../../domain/night/ports.ts';
import { phaseOf, type Tally } from '../../domain/night/tally.ts';
import { looksLikeLoss } from '../../domain/retrieval/prune.ts';
import { dropOwnedScript, giveEndScript } from '../lua/upkeep.ts';
import type { RedisConnections } from '../redis.ts';
import { oldImages, removeImages, shownImages } from './images.ts';
import { dropApprovals, dropAwaited } from './redis-entries.ts';
import { type FoundKey, type KeyPage, walkKeys } from './redis-keyspace.ts';
import { makeRoom } from './redis-room.ts';

type Options = {
  readonly redis: RedisConnections;
  /** Where images of messages are kept. */
  readonly images: string;
  readonly ceilingBytes: number;
  readonly now: () => number;
};

/** Clears the store of what belongs to nothing any more, and makes room. What the owner said and what keeps Talos safe stays. */
export function createRedisPhase(options: Options): PhaseWork {
  const { redis, now } = options;
  return phaseOf(async (context, tally) => {
    await sweep(options, context, tally);
    context.signal.throwIfAborted();
    await dropApprovals(redis, now(), tally);
    await dropAwaited(redis, redis.keys.awaitedCalls, tally);
    await dropAwaited(redis, redis.keys.awaitedClouds, tally);
    context.signal.throwIfAborted();
    await makeRoom(options, context, tally);
  });
}

async function sweep({ redis, images, now }: Options, context: PhaseContext, tally: Tally): Promise<void> {
  const unshown = await oldImages(images, now());
  const shown = new Set<string>();
  let seen = 0;
  for await (const page of walkKeys(redis)) {
    context.signal.throwIfAborted();
    await clear(redis, page, { now: now(), tally });
    const hashes = unshown.size === 0 ? [] : await shownImages(redis, page.messages);
    if (hashes === undefined) {
      unshown.clear(); // what it shows is not known
      tally.note('A message could not be read, so all images were kept.');
    }
    for (const hash of hashes ?? []) shown.add(hash);
    seen += page.found.length + page.messages.length;
    context.tell(`${seen} keys looked at`);
  }
  tally.add('imagesRemoved', await removeImages(unneeded(unshown, shown, tally), now()));
}

/** Images no message shows, and what was never finished. Where the messages seem to be lost, the images may be all that is left of them. */
function unneeded(old: ReadonlyMap<string, string>, shown: ReadonlySet<string>, tally: Tally): string[] {
  const whole = [...old].filter(([, hash]) => hash !== '');
  const orphans = whole.filter(([, hash]) => !shown.has(hash));
  const halfMade = [...old].flatMap(([path, hash]) => (hash === '' ? [path] : []));
  if (!looksLikeLoss({ orphaned: orphans.length, checked: whole.length })) {
    return [...halfMade, ...orphans.map(([path]) => path)];
  }
  tally.note(
    `No message shows ${orphans.length} of ${whole.length} old images. ` +
      'That looks like a lost store, so they were kept; restore a backup of Redis.',
  );
  return halfMade;
}

async function clear(
  { run }: RedisConnections,
  { found, unknown }: KeyPage,
  { now, tally }: { now: number; tally: Tally },
): Promise<void> {
  const fates = found.map((one) => ({ one, fate: keyFate(one.rule, { ...ownerFacts(one), hasEnd: one.hasEnd, now }) }));
  const pairs = fates.flatMap(({ one, fate }) => (fate === 'delete' ? [one.key, one.ownerKey ?? ''] : []));
  if (pairs.length > 0) tally.add('keysDeleted', Number(await run(dropOwnedScript, { keys: pairs, args: [] })));
  const endless = fates.flatMap(({ one, fate }) => (fate === 'give-end' ? [one] : []));
  if (endless.length > 0) {
    const [keys, args] = [endless.map(({ key }) => key), endless.map(({ rule }) => rule.staySeconds)];
    tally.add('endsGiven', Number(await run(giveEndScript, { keys, args })));
  }
  if (unknown === 0) return;
  tally.add('keysUnknown', unknown);
  tally.note('There are keys under the prefix of Talos that it does not know; they were left alone.');
}

function ownerFacts({ owner }: FoundKey) {
  return owner === undefined ? {} : { owner };
}
