import { advance, idle, type Residency, type ResidencyEvent, taskOf, type Wanted } from '../domain/gpu/residency.ts';
import { shortModelName } from '../domain/models/choose.ts';
import type { LanguageModel } from '../domain/ports.ts';
import { type LoadOrder, loadWithin, unloadWithin } from './gpu-loading.ts';

export type KeeperOptions = {
  readonly model: LanguageModel;
  /** Longest time a model may take to load. */
  readonly loadMs: number;
  /** Whether this is a chat model Talos asks, which may be unloaded for another one. */
  readonly isOurs: (model: string) => boolean;
  readonly now: () => number;
  readonly onChange: (state: Residency) => void;
};

/** Where a model may be asked; on the processor because the GPU could not take it. */
export type Place = { readonly kind: 'gpu' } | { readonly kind: 'cpu'; readonly why: string };

/** Keeps one chat model in the memory of the GPU, for one caller at a time. */
export type GpuKeeper = {
  /** Makes the wanted model the resident one. Costs nothing where it was the last one used. */
  take(wanted: Wanted, contextTokens: number, signal: AbortSignal): Promise<Place>;
  /** Ends a use. Where nothing that was known counts any more, as after a failure, the next one asks the server. */
  release(isKnown: boolean): void;
  /** Takes a model that turned out to have no room there off the GPU for a while. */
  giveUp(model: string, why: string): Promise<void>;
};

/** Servers put a model away ten minutes after its last use; a little earlier nothing is believed any more. */
const believedMs = 9 * 60_000;

/** The GPU rests twice as long as a failed load took, and at least so long, before the same model is tried again. */
const shortestRestMs = 60_000;

/** What a keeper knows. */
type Keeping = KeeperOptions & {
  readonly asked: Set<string>;
  state: Residency;
  usedAt: number;
  rest?: { readonly until: number; readonly model: string; readonly why: string };
};

/** Creates the keeper of a model server. */
export function createGpuKeeper(options: KeeperOptions): GpuKeeper {
  const keeping: Keeping = { ...options, asked: new Set(), state: idle, usedAt: 0 };
  return {
    take: (wanted, contextTokens, signal) => take(keeping, { wanted, contextTokens }, signal),

    release(isKnown) {
      keeping.usedAt = keeping.now();
      happen(keeping, { type: isKnown ? 'used' : 'lost' });
    },

    async giveUp(model, why) {
      happen(keeping, { type: 'load-failed' });
      await setAside(keeping, model, { why, tookMs: 0 });
    },
  };
}

type Taking = { readonly wanted: Wanted; readonly contextTokens: number };

async function take(keeping: Keeping, { wanted, contextTokens }: Taking, signal: AbortSignal): Promise<Place> {
  const { model: server, asked, isOurs, now, usedAt, rest } = keeping;
  asked.add(wanted.model);
  if (keeping.state.state === 'ready' && now() - usedAt > believedMs) happen(keeping, { type: 'lost' });
  if (keeping.state.state === 'ready' && keeping.state.model === wanted.model) {
    happen(keeping, { type: 'wanted', ...wanted });
    return { kind: 'gpu' };
  }
  if (rest?.model === wanted.model && now() < rest.until) return { kind: 'cpu', why: rest.why };
  const names = (await server.resident()).map(({ name }) => shortModelName(name));
  const resident = names.filter((name) => asked.has(name) || isOurs(name));
  happen(keeping, { type: 'wanted', ...wanted, resident });
  const why = await work(keeping, contextTokens, signal);
  return why === undefined ? { kind: 'gpu' } : { kind: 'cpu', why };
}

/** Does what the state asks for, until it asks for nothing; resolves to why the GPU cannot be used, if so. */
async function work(keeping: Keeping, contextTokens: number, signal: AbortSignal): Promise<string | undefined> {
  for (let task = taskOf(keeping.state); task !== undefined; task = taskOf(keeping.state)) {
    if (task.type === 'load') return load(keeping, { model: task.model, contextTokens }, signal);
    await unload(keeping, task.model, signal);
  }
  return undefined;
}

async function unload(keeping: Keeping, model: string, signal: AbortSignal): Promise<void> {
  try {
    await unloadWithin(keeping.model, model, signal);
    happen(keeping, { type: 'unloaded', model });
  } catch (thrown) {
    happen(keeping, { type: 'unload-failed', model });
    throw thrown;
  }
}

async function load(
  keeping: Keeping,
  order: Omit<LoadOrder, 'limitMs'>,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { model: server, loadMs, now } = keeping;
  const startedAt = now();
  const outcome = await loadWithin(server, { ...order, limitMs: loadMs }, signal);
  switch (outcome.kind) {
    case 'loaded':
      happen(keeping, { type: 'loaded' });
      return undefined;
    case 'mishap':
      happen(keeping, { type: outcome.mishap });
      await setAside(keeping, order.model, { why: outcome.why, tookMs: now() - startedAt });
      return outcome.why;
    case 'failed':
      happen(keeping, { type: 'lost' });
      throw outcome.thrown;
  }
}

/** Frees the memory of what is half there, and lets the GPU rest. */
async function setAside(keeping: Keeping, model: string, { why, tookMs }: { why: string; tookMs: number }) {
  keeping.rest = { model, why, until: keeping.now() + Math.max(shortestRestMs, 2 * tookMs) };
  await unloadWithin(keeping.model, model).catch(() => undefined); // it is told again before the next load
}

function happen(keeping: Keeping, event: ResidencyEvent): void {
  const next = advance(keeping.state, event);
  if (next === keeping.state) return;
  keeping.state = next;
  keeping.onChange(next);
}
