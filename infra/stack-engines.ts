import { TalosError, toTalosError } from '../domain/errors.ts';
import { embeddedEngine } from '../domain/models/embedded-engine.ts';
import { getBubblewrap } from './engines/bubblewrap.ts';
import { getEmbedded } from './engines/embedded.ts';
import type { Engine, EngineLocation, EngineName, Progress } from './engines/engine.ts';
import { assertPortsFree, plannedPorts } from './ports.ts';
import type { PortPlan } from './ports.ts';
import type { StackContext, StackReport } from './stack-context.ts';

const engineStage = 0;

/** Starts of the required engines: `core` when Temporal and Redis are ready, `all` when every one is. */
export type EngineStarts = { readonly core: Promise<void>; readonly all: Promise<void> };

type Located = { readonly engine: Engine; readonly location: EngineLocation };

/** Gets the required engines where they are missing and starts them all at once. */
export async function startRequiredEngines(context: StackContext): Promise<EngineStarts> {
  const required = context.engines.all.filter((engine) => engine.required);
  const located = await locateOrGet(context, required);
  await assertPortsFree(located.flatMap(({ engine, location }) => portsOf(context, engine, location)));
  const starts = located.map(({ engine, location }) => ({
    name: engine.name,
    start: startEngine(context, engine, location),
  }));
  const core = starts.filter(({ name }) => name === 'temporal' || name === 'redis').map(({ start }) => start);
  return { core: joined(core), all: joined(starts.map(({ start }) => start)) };
}

/** Brings an engine Talos can do without, however long that takes; a failure is told and stops nothing. */
export async function startOptionalEngine(context: StackContext, engine: Engine): Promise<void> {
  try {
    const [found] = await locateOrGet(context, [engine]);
    if (found === undefined || context.signal.aborted) return;
    await assertPortsFree(portsOf(context, engine, found.location));
    await startEngine(context, engine, found.location);
  } catch (error) {
    if (context.signal.aborted) return;
    const { message } = toTalosError(error);
    context.report.note(`${engine.name} is not there, Talos goes on without it: ${message}`);
  }
}

/** Brings what skills run in; without it Talos does everything but run skills, and `doctor` says why. */
export async function bringSandbox({ config, report, signal }: StackContext): Promise<void> {
  if (config.skills.sandboxDriver !== 'bubblewrap') return;
  try {
    await getBubblewrap({ signal, progress: progressOf(report) });
  } catch (error) {
    if (!signal.aborted) report.note(toTalosError(error).message);
  }
}

/** Brings the library that runs models inside Talos, where it is to run them; a failure is told and stops nothing. */
export async function bringEmbedded({ config, report, signal }: StackContext): Promise<void> {
  if (config.models.engine !== 'embedded') return;
  try {
    await getEmbedded(config, { signal, progress: progressOf(report) });
    report.progress(embeddedEngine.name, `ready (${embeddedEngine.version})`, { done: true });
  } catch (error) {
    if (!signal.aborted) report.note(toTalosError(error).message);
  }
}

function progressOf(report: StackReport): Progress {
  return ({ engine, text, fraction }) => report.progress(engine, text, fraction === undefined ? {} : { fraction });
}

async function locateOrGet(context: StackContext, wanted: readonly Engine[]): Promise<Located[]> {
  const { config, engines, report, signal } = context;
  const locate = async (): Promise<Located[]> =>
    await Promise.all(wanted.map(async (engine) => ({ engine, location: await engine.locate(config) })));
  const located = await locate();
  const missing: EngineName[] = located.flatMap(({ engine, location }) =>
    location.kind === 'missing' ? [engine.name] : [],
  );
  if (missing.length === 0) return located;
  await engines.get(missing, config, {
    signal,
    progress: progressOf(report),
  });
  return await locate();
}

async function startEngine(context: StackContext, engine: Engine, location: EngineLocation): Promise<void> {
  const { config, report, signal, supervisor } = context;
  switch (location.kind) {
    case 'missing':
      throw new TalosError('ENGINE_MISSING', `${engine.name} is missing: ${location.reason}`);
    case 'external':
      await checkExternal(context, engine, location.address);
      return;
    case 'path':
    case 'cache': {
      report.progress(engine.name, 'starting');
      const child = await engine.child(config, location);
      signal.throwIfAborted();
      await supervisor.start(child, engineStage);
      report.progress(engine.name, `ready (${location.version})`, { done: true });
    }
  }
}

async function checkExternal({ config, report, signal }: StackContext, engine: Engine, address: string): Promise<void> {
  try {
    await engine.check(config, AbortSignal.any([signal, AbortSignal.timeout(5000)]));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TalosError(
      'ENGINE_FAILED',
      `${engine.name} at ${address} does not answer (${reason}); start it there or correct its address`,
      {
        cause: error,
        details: { engine: engine.name },
      },
    );
  }
  report.progress(engine.name, `ready at ${address}`, { done: true });
  const fault = await engine
    .findFault?.(config, AbortSignal.any([signal, AbortSignal.timeout(5000)]))
    .catch(() => undefined); // it may not tell
  if (fault !== undefined) report.note(`${engine.name} at ${address} ${fault.detail}; ${fault.fix}`);
}

function portsOf({ config }: StackContext, engine: Engine, location: EngineLocation): PortPlan[] {
  const isOurs = location.kind === 'path' || location.kind === 'cache';
  return isOurs && engine.name !== 'redis' ? plannedPorts(config)[engine.name] : [];
}

/** All of them, failing with the first failure; each may fail before anybody waits. */
function joined(starts: readonly Promise<void>[]): Promise<void> {
  const all = Promise.all(starts).then(() => undefined);
  all.catch(() => undefined); // whoever awaits it hears of it
  return all;
}
