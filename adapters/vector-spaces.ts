import { type ChromaClient, ChromaNotFoundError, type Collection } from 'chromadb';

import { TalosError } from '../domain/errors.ts';
import type { MemoryCollection } from '../domain/retrieval/memory.ts';
import { type ConnectChroma, guarded } from './vector-client.ts';
import { collectionPrefix, spaceName } from './vector-names.ts';

/** One embedder's part of a memory collection: a Chroma collection of its own. The dimension is checked where it is given. */
type Space = { readonly collection: MemoryCollection; readonly embedder: string; readonly dimension?: number };

/** Works on a Chroma collection; may run a second time when Chroma had lost it. */
type Work<T> = (collection: Collection) => Promise<T>;

type Task<T> = {
  readonly open: () => Promise<string | undefined>;
  readonly forget: () => void;
  readonly run: Work<T>;
};

type Options = { readonly connect: ConnectChroma; readonly prefix: string; readonly timeoutMs: number };

/** Set at creation: later changes act only after a restart of the server. Recall of filtered queries needs this much. */
const configuration = { hnsw: { space: 'cosine', ef_search: 800 } } as const;

const listPage = 200;

/** Most messages ask for collections nobody has written to; another process that makes one is noticed this much later. */
const missingForMs = 2000;

/** Opens, makes and remembers the Chroma collections behind the spaces. */
export function createSpaces({ connect, prefix, timeoutMs }: Options) {
  const opened = new Map<string, { id: string; dimension: number }>();
  const missing = new Map<string, number>();

  const nameOf = ({ collection, embedder }: Space) => spaceName(prefix, collection, embedder);

  function remember(space: Space, found: Collection): string {
    const { embedder, dimension } = found.metadata ?? {};
    if (embedder !== space.embedder) {
      throw unusable(found.name, `belongs to the embedder ${JSON.stringify(embedder)}, not to ${space.embedder}`);
    }
    verifyDimension(found.name, Number(dimension), space.dimension);
    opened.set(found.name, { id: found.id, dimension: Number(dimension) });
    missing.delete(found.name);
    return found.id;
  }

  async function find(client: ChromaClient, space: Space): Promise<string | undefined> {
    const name = nameOf(space);
    const known = opened.get(name);
    if (known !== undefined) {
      verifyDimension(name, known.dimension, space.dimension);
      return known.id;
    }
    try {
      return remember(space, await client.getCollection({ name }));
    } catch (thrown) {
      if (!(thrown instanceof ChromaNotFoundError)) throw thrown;
      missing.set(name, performance.now() + missingForMs);
      return undefined;
    }
  }

  async function findOrMake(client: ChromaClient, space: Space & { dimension: number }): Promise<string> {
    const known = await find(client, space);
    if (known !== undefined) return known;
    const made = await client.getOrCreateCollection({
      name: nameOf(space),
      configuration,
      metadata: { collection: space.collection, embedder: space.embedder, dimension: space.dimension },
      embeddingFunction: null,
    });
    return remember(space, made);
  }

  return {
    /** Runs work on a space that exists; undefined when it does not. */
    read: <T>(space: Space, run: Work<T>): Promise<T | undefined> =>
      guarded(async () => {
        if ((missing.get(nameOf(space)) ?? 0) > performance.now()) return undefined;
        const client = connect(timeoutMs);
        return work(client, { open: () => find(client, space), forget: () => opened.delete(nameOf(space)), run });
      }),

    /** Runs work on a space, which is made if need be. */
    write: <T>(space: Space & { dimension: number }, run: Work<T>): Promise<T | undefined> =>
      guarded(() => {
        const client = connect(5 * timeoutMs);
        return work(client, { open: () => findOrMake(client, space), forget: () => opened.delete(nameOf(space)), run });
      }),

    ...listing({ connect, prefix, timeoutMs }),
  };
}

/** What can be told of all spaces of a collection. */
function listing({ connect, prefix, timeoutMs }: Options) {
  const list = (collection: MemoryCollection) => listByPrefix(connect(timeoutMs), collectionPrefix(prefix, collection));
  return {
    /** The embedders that have a space, in an order that stays. */
    embedders: (collection: MemoryCollection): Promise<string[]> =>
      guarded(async () => {
        const names = (await list(collection)).map(({ metadata }) => metadata?.['embedder']);
        return names.filter((name) => typeof name === 'string').toSorted();
      }),

    /** How many vectors they hold. */
    count: (collection: MemoryCollection): Promise<number> =>
      guarded(async () => {
        const counts = await Promise.all((await list(collection)).map(countOne));
        return counts.reduce((sum, count) => sum + count, 0);
      }),
  };
}

/** Runs the work; once more when the collection that was remembered is gone. */
async function work<T>(client: ChromaClient, { open, forget, run }: Task<T>): Promise<T | undefined> {
  for (const isLast of [false, true]) {
    const id = await open();
    if (id === undefined) return undefined;
    try {
      return await run(client.collection(id));
    } catch (thrown) {
      if (!(thrown instanceof ChromaNotFoundError) || isLast) throw thrown;
      forget();
    }
  }
  return undefined;
}

async function countOne(space: Collection): Promise<number> {
  try {
    return await space.count();
  } catch (thrown) {
    if (thrown instanceof ChromaNotFoundError) return 0;
    throw thrown;
  }
}

async function listByPrefix(client: ChromaClient, prefix: string): Promise<Collection[]> {
  const found: Collection[] = [];
  for (let offset = 0; ; offset += listPage) {
    const page = await client.listCollections({ limit: listPage, offset });
    found.push(...page.filter(({ name }) => name.startsWith(prefix)));
    if (page.length < listPage) return found;
  }
}

function verifyDimension(name: string, recorded: number, given: number | undefined): void {
  if (given === undefined || given === recorded) return;
  throw unusable(name, `holds vectors of ${recorded} numbers, not of ${given}`);
}

function unusable(name: string, reason: string): TalosError {
  return new TalosError(
    'VECTORS_UNAVAILABLE',
    `The memory collection ${name} ${reason}; use the embedding model it was made with, or delete it.`,
  );
}
