import type { MessageRecord } from '../domain/chat.ts';
import { TalosError } from '../domain/errors.ts';
import { scanUntrusted } from '../domain/firewall/scan.ts';
import type { Embedder, Logger, VectorStore } from '../domain/ports.ts';
import type { SkillPorts } from '../domain/skills/ports.ts';
import type { SkillLife } from '../domain/skills/life.ts';
import { mostTools, type OfferedSkill } from '../domain/skills/offer.ts';
import { rankSkills, skillText } from '../domain/skills/shortlist.ts';
import type { MemoryRoom } from './memory-room.ts';
import type { MemorySearch } from './memory-search.ts';

type Deps = {
  readonly skillPorts?: SkillPorts;
  readonly search: MemorySearch;
  readonly room: MemoryRoom;
  readonly vectors: VectorStore;
  readonly embedder: Embedder;
  readonly logger: Logger;
  readonly now: () => number;
};

/** How long the list of skills in use is believed: people who have just approved one take longer to ask for it. */
const listMs = 500;

/** A chat must not wait for the choice among its tools. */
const searchMs = 3000;

/** Skills that are indexed at a time: what the search had no time for is left to the next message, and nothing is done twice. */
const indexedAtOnce = 16;

/** Finds skills for messages. */
export type SkillTools = {
  /** The skills in use. Without any this is one look-up, and a recent one is used again. */
  active(): Promise<OfferedSkill[]>;
  /** The same, those first that fit the message. */
  ranked(skills: readonly OfferedSkill[], record: MessageRecord): Promise<OfferedSkill[]>;
};

/** One for each worker process. */
export function createSkillTools(deps: Deps): SkillTools {
  const known = new Map<string, OfferedSkill | undefined>();
  const index = createSkillIndex(deps);
  let listed: { at: number; skills: Promise<OfferedSkill[]> } | undefined;

  /** What a version says of itself; the hash is its identity, so it is read once. A version that cannot be read is not offered. */
  async function look(parts: SkillPorts, { id, active }: SkillLife): Promise<OfferedSkill | undefined> {
    if (active === undefined) return undefined;
    const { hash } = active;
    if (known.has(hash)) return known.get(hash);
    try {
      const { manifest } = await parts.skills.load(id, hash);
      const skill = { hash, manifest };
      const isSound = scanUntrusted(`${manifest.description}\n${JSON.stringify(manifest.input)}`).kind === 'allow';
      known.set(hash, isSound ? skill : undefined);
      return known.get(hash);
    } catch (thrown) {
      if (!(thrown instanceof TalosError)) throw thrown;
      deps.logger.warn({ skill: id, hash, code: thrown.code }, 'skill not offered');
      return undefined;
    }
  }

  async function list(parts: SkillPorts): Promise<OfferedSkill[]> {
    const lives = await parts.catalog.list();
    const looked = await Promise.all(lives.map((life) => look(parts, life)));
    return looked.filter((skill) => skill !== undefined);
  }

  return {
    async active() {
      if (deps.skillPorts === undefined) return [];
      const at = deps.now();
      if (listed === undefined || at - listed.at >= listMs || at < listed.at) {
        const skills = list(deps.skillPorts);
        listed = { at, skills };
        skills.catch(() => (listed = undefined));
      }
      return listed.skills;
    },

    async ranked(skills, { text }) {
      if (skills.length <= mostTools) return [...skills];
      return rankSkills(skills, { message: text, nearest: await index.nearest(skills, text) });
    },
  };
}

/** Skills by meaning, in the `skill_registry` collection. */
function createSkillIndex({ search, vectors, room, embedder, logger, now }: Deps) {
  const indexed = new Set<string>();

  async function add(skills: readonly OfferedSkill[], model: string, signal: AbortSignal): Promise<void> {
    const missing = skills.filter(({ hash }) => !indexed.has(`${model}/${hash}`));
    for (let first = 0; first < missing.length; first += indexedAtOnce) {
      await addSome(missing.slice(first, first + indexedAtOnce), model, signal);
    }
  }

  async function addSome(missing: readonly OfferedSkill[], model: string, signal: AbortSignal): Promise<void> {
    const texts = missing.map(skillText);
    const made = await embedder.embed({ model, texts }, signal);
    const at = now();
    const metadata = { source: 'skill', createdAt: at, lastAccess: at, accessCount: 0, priority: 'high' } as const;
    const items = missing.map(({ manifest: { id } }, place) => ({
      id,
      text: texts[place] ?? '',
      vector: made[place] ?? [],
      metadata,
    }));
    const meant = items.filter(({ vector }) => vector.some((value) => value !== 0));
    const isKept = await room.take(meant.length, {
      write: () => vectors.upsert('skill_registry', model, meant),
      undo: () =>
        vectors.delete(
          'skill_registry',
          model,
          meant.map(({ id }) => id),
        ),
    });
    if (!isKept) return; // those that are known by meaning already are found, the others by words
    for (const { hash } of missing) indexed.add(`${model}/${hash}`);
  }

  return {
    /** Ids of the skills nearest to a text; none where there are no vectors, and then words have to do. */
    async nearest(skills: readonly OfferedSkill[], text: string): Promise<string[]> {
      const signal = AbortSignal.timeout(searchMs);
      try {
        const { embedder: model, vector } = await search.embed(text, signal);
        if (vector === undefined) return [];
        await add(skills, model, signal);
        const found = await vectors.query({
          collection: 'skill_registry',
          embedder: model,
          vector,
          limit: 4 * mostTools,
        });
        return found.map(({ id }) => id);
      } catch (thrown) {
        if (!signal.aborted && !(thrown instanceof TalosError)) throw thrown;
        logger.warn({}, 'skills are chosen by words alone');
        return [];
      }
    },
  };
}
