/** What a chat model is for; only the word shown differs. */
export type ModelKind = 'coder' | 'vision';

/** Who wants which chat model: a message or other work, by its id. */
export type Wanted = { readonly model: string; readonly kind: ModelKind; readonly holder: string };

/** Why the memory of the GPU was given up. */
export type Mishap = 'load-failed' | 'load-timed-out' | 'unload-failed';

/**
 * Which chat model has the memory of the GPU. One at a time: while one is loaded there is none other, and one that has to go is gone
 * before the next comes. `idle` is: nothing is known to be there. In `error` nobody holds the memory; the next wish clears it.
 */
export type Residency =
  | { readonly state: 'idle' }
  | { readonly state: 'loading-coder' | 'loading-vision'; readonly wanted: Wanted }
  | { readonly state: 'ready'; readonly model: string; readonly holder?: string }
  | { readonly state: 'unloading'; readonly models: readonly string[]; readonly wanted: Wanted }
  | { readonly state: 'error'; readonly model: string; readonly mishap: Mishap };

/**
 * What happens to it. `wanted` may tell which chat models the engine holds; without that the state is believed. `used`: an answer
 * ended, the model stays. `lost`: what was known is worth nothing, as after a restart of the engine.
 */
export type ResidencyEvent =
  | ({ readonly type: 'wanted'; readonly resident?: readonly string[] } & Wanted)
  | { readonly type: 'loaded' | 'load-failed' | 'load-timed-out' | 'used' | 'lost' }
  | { readonly type: 'unloaded' | 'unload-failed'; readonly model: string };

/** What has to be done next, if anything. */
export type ResidencyTask = { readonly type: 'load' | 'unload'; readonly model: string };

/** Where it starts, and where it is when nothing is known. */
export const idle: Residency = { state: 'idle' };

/** The state after an event. An event that means nothing in a state changes nothing. */
export function advance(now: Residency, event: ResidencyEvent): Residency {
  switch (event.type) {
    case 'wanted':
      return want(now, event);
    case 'loaded':
    case 'load-failed':
    case 'load-timed-out':
      return afterLoad(now, event.type);
    case 'unloaded':
      return without(now, event.model);
    case 'unload-failed':
      return now.state === 'unloading' ? { state: 'error', model: event.model, mishap: 'unload-failed' } : now;
    case 'used':
      return now.state === 'ready' ? { state: 'ready', model: now.model } : now;
    case 'lost':
      return idle;
  }
}

/** What the state asks for; nothing where it waits for a wish or may be used. */
export function taskOf(now: Residency): ResidencyTask | undefined {
  if (isLoading(now)) return { type: 'load', model: now.wanted.model };
  const [model] = now.state === 'unloading' ? now.models : [];
  return model === undefined ? undefined : { type: 'unload', model };
}

/** Who has the memory of the GPU, or waits for it to be cleared. */
export function holderOf(now: Residency): string | undefined {
  if (now.state === 'ready') return now.holder;
  return now.state === 'unloading' || isLoading(now) ? now.wanted.holder : undefined;
}

/** The chat model a state is about. */
export function modelOf(now: Residency): string | undefined {
  if (now.state === 'unloading') return now.models[0];
  if (isLoading(now)) return now.wanted.model;
  return now.state === 'idle' ? undefined : now.model;
}

type Loading = Extract<Residency, { state: 'loading-coder' | 'loading-vision' }>;

function isLoading(now: Residency): now is Loading {
  return now.state === 'loading-coder' || now.state === 'loading-vision';
}

function want(now: Residency, { model, kind, holder, resident }: ResidencyEvent & { type: 'wanted' }): Residency {
  const wanted = { model, kind, holder };
  const there = resident ?? believed(now);
  // What stands after a mishap may be half there, or beside the GPU: it goes in any case.
  const mustGo = isSound(now) ? there.filter((name) => name !== model) : there;
  if (mustGo.length > 0) return { state: 'unloading', models: mustGo, wanted };
  if (there.includes(model)) return { state: 'ready', model, holder };
  return loading(wanted);
}

/** That a load has failed may turn out at the first use. */
function afterLoad(now: Residency, outcome: 'loaded' | 'load-failed' | 'load-timed-out'): Residency {
  if (isLoading(now) && outcome === 'loaded') {
    return { state: 'ready', model: now.wanted.model, holder: now.wanted.holder };
  }
  const model = isLoading(now) || now.state === 'ready' ? modelOf(now) : undefined;
  return model === undefined || outcome === 'loaded' ? now : { state: 'error', model, mishap: outcome };
}

/** Only what is idle or in use can be trusted to be whole. */
function isSound({ state }: Residency): boolean {
  return state === 'idle' || state === 'ready';
}

function believed(now: Residency): readonly string[] {
  if (now.state === 'unloading') return now.models;
  const model = modelOf(now);
  return model === undefined ? [] : [model];
}

function without(now: Residency, model: string): Residency {
  if (now.state === 'ready') return now.model === model ? idle : now;
  if (now.state !== 'unloading') return now;
  const models = now.models.filter((name) => name !== model);
  return models.length > 0 ? { ...now, models } : loading(now.wanted);
}

function loading(wanted: Wanted): Residency {
  return { state: `loading-${wanted.kind}`, wanted };
}
