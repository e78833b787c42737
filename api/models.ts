import { TalosError } from '../domain/errors.ts';
import { loadedModels } from '../domain/gpu/report.ts';
import { refuseWhenLocked } from '../domain/lockdown/refuse.ts';
import { isTestModel, pullCommand, shortModelName } from '../domain/models/choose.ts';
import { embeddedEngine } from '../domain/models/embedded-engine.ts';
import { wantedModels } from '../domain/models/local-engine.ts';
import { type ModelName, readModelName } from '../domain/models/name.ts';
import type { ModelStore, ModelUse } from '../domain/models/store.ts';
import { type ModelView, viewModels } from '../domain/models/view.ts';
import type { ApiDeps } from './deps.ts';

type Deps = Pick<ApiDeps, 'config' | 'model' | 'modelPorts' | 'metrics' | 'lockdown' | 'audit' | 'now'>;

/** What the API does with installed models. */
export function createModels(deps: Deps) {
  const { modelPorts, lockdown, audit, config } = deps;
  const installedNow = () => modelPorts.store?.list() ?? deps.model.installed();

  /** What is installed, by name. */
  async function list(): Promise<ModelView[]> {
    const { starter } = config.models;
    const { chat: coder, vision, embedding } = wantedModels(config);
    const [installed, resident, chosen] = await Promise.all([
      installedNow(),
      residentNow(deps),
      modelPorts.choices.get(),
    ]);
    return viewModels(installed, resident, { coder, vision, embedding, starter, chosen });
  }

  async function find({ listed }: ModelName, failure = unknown): Promise<ModelView> {
    const found = (await list()).find(({ name }) => name === listed);
    if (found !== undefined) return found;
    throw failure(listed);
  }

  return {
    list,

    /** Removes a model from the disk and from memory. Fails with MODEL_IN_USE. */
    async remove(text: string, by: string): Promise<void> {
      await refuseWhenLocked(lockdown);
      const store = storeOf(modelPorts.store);
      const name = readModelName(text);
      const found = await find(name);
      await refuseInUse(deps, found);
      await audit.append({ type: 'model-removed', actor: by, subject: name.listed, details: { digest: found.digest } });
      await store.remove(name.listed);
      if ((await modelPorts.choices.get()).vision === name.listed) await modelPorts.choices.set('vision', undefined);
    },

    /** From the next message on this model does the work. The configured one again is no choice any more. */
    async use({ model, use }: { model: string; use: ModelUse }, by: string): Promise<ModelView> {
      await refuseWhenLocked(lockdown);
      const name = readModelName(model);
      await find(name, missing);
      await checkFit(deps, name, use);
      await audit.append({ type: 'model-chosen', actor: by, subject: name.listed, details: { use } });
      const configured = wantedModels(config)[use];
      const isConfigured = shortModelName(configured) === shortModelName(name.listed);
      await modelPorts.choices.set(use, isConfigured ? undefined : name.listed);
      return find(name);
    },
  };
}

/** Models inside Talos are in the memory of the worker that asks them, which tells of it. */
async function residentNow({ config, model, metrics, now }: Deps): Promise<{ name: string }[]> {
  if (config.models.engine !== 'embedded') return model.resident();
  const { idleMs } = embeddedEngine;
  return loadedModels(await metrics.gpus(), { at: now(), idleMs }).map((name) => ({ name }));
}

/** The store of this engine; fails with MODEL_REFUSED where it has none. */
export function storeOf(store: ModelStore | undefined): ModelStore {
  if (store !== undefined) return store;
  throw new TalosError(
    'MODEL_REFUSED',
    'The engine of LOCAL_ENGINE brings and removes no models itself; only Ollama does. Give it models by its own means.',
  );
}

async function refuseInUse({ modelPorts, config }: Deps, { name, usedFor }: ModelView): Promise<void> {
  if (isTestModel(name)) throw inUse(`${name} is built in; Talos would make it again.`);
  if (await modelPorts.pullRuntime.isPulling(name)) {
    throw inUse(`${name} is being pulled; stop that first: talos models stop ${name}`);
  }
  if (usedFor.includes('embedding')) {
    throw inUse(`${name} is the embedding model of the memory; set another EMBEDDING_MODEL and start Talos again.`);
  }
  // The starter only stands in: without it the built-in model does.
  const isStandIn = shortModelName(name) === shortModelName(config.models.starter);
  if (usedFor.includes('chat') && !isStandIn) {
    throw inUse(`${name} is the chat model; choose another first: talos models use NAME`);
  }
}

/** Fails unless the model can do what it is chosen for, as far as its server tells. */
async function checkFit({ modelPorts }: Deps, { listed }: ModelName, use: ModelUse): Promise<void> {
  const can = (await modelPorts.store?.describe(listed))?.can ?? [];
  const needed = use === 'chat' ? 'completion' : 'vision';
  if (can.length === 0 || can.includes(needed)) return;
  throw new TalosError('MODEL_REFUSED', `${listed} cannot be used for ${use}: it can do ${can.join(', ')}.`);
}

function inUse(message: string): TalosError {
  return new TalosError('MODEL_IN_USE', message);
}

function unknown(listed: string): TalosError {
  return new TalosError('NOT_FOUND', `There is no model ${listed}; \`talos models ls\` lists what there is.`);
}

function missing(listed: string): TalosError {
  const fix = pullCommand(shortModelName(listed));
  return new TalosError('MODEL_MISSING', `The model ${listed} is not installed; run: ${fix}`, { details: { fix } });
}
