import { MessageId, parseMessageId } from '../../domain/chat.ts';
import type { MemoryCollection, MemoryEntry } from '../../domain/retrieval/memory.ts';
import type { SkillCatalog } from '../../domain/skills/ports.ts';
import type { RedisConnections } from '../redis.ts';
import { findVersion } from '../skill-shelves.ts';
import { ask } from './redis-keyspace.ts';

/** Tells which memories of a page are about something that is gone. */
export type FindOrphans = (
  collection: MemoryCollection,
  entries: readonly MemoryEntry[],
) => Promise<ReadonlySet<string>>;

type Options = {
  readonly redis: RedisConnections;
  readonly catalog: SkillCatalog;
  /** `TALOS_HOME/skills` */
  readonly skills: string;
};

/** Looks up messages in the store and skills in the catalogue and on the shelves. */
export function createFindOrphans({ redis, catalog, skills }: Options): FindOrphans {
  async function withoutMessage(entries: readonly MemoryEntry[]): Promise<Set<string>> {
    const ids = entries.filter(isOfMessage).map(({ id }) => id);
    const found = await ask(
      redis,
      ids.map((id) => ['exists', redis.keys.message(parseMessageId(id))]),
    );
    return new Set(ids.filter((_, place) => found[place] === 0));
  }

  async function isLost(id: string): Promise<boolean> {
    const life = await catalog.get(id);
    const versions = [life?.active, life?.candidate, ...(life?.past ?? [])].filter((version) => version !== undefined);
    for (const { hash } of versions) if ((await findVersion(skills, { id, hash })) !== undefined) return false;
    return true;
  }

  async function withoutSkill(entries: readonly MemoryEntry[]): Promise<Set<string>> {
    const lost = new Set<string>();
    for (const { id, metadata } of entries) if (metadata?.source === 'skill' && (await isLost(id))) lost.add(id);
    return lost;
  }

  return async (collection, entries) => {
    if (collection === 'conversation_history') return withoutMessage(entries);
    return collection === 'skill_registry' ? withoutSkill(entries) : new Set();
  };
}

function isOfMessage({ id, metadata }: MemoryEntry): boolean {
  return metadata?.source === 'message' && MessageId.safeParse(id).success;
}
