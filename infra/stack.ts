import { parseConfig } from '../domain/config/parse.ts';
import type { Config, Environment } from '../domain/config/parse.ts';
import { homePaths } from '../domain/config/paths.ts';
import { TalosError } from '../domain/errors.ts';
import { engineEnvironment } from './child-environment.ts';
import { loadEnvironment } from './environment.ts';
import type { EngineSource, StackContext, StackReport } from './stack-context.ts';
import { bringEmbedded, bringSandbox, startOptionalEngine, startRequiredEngines } from './stack-engines.ts';
import { genesis } from './genesis.ts';
import type { GenesisResult } from './genesis.ts';
import { claimInstance } from './instance.ts';
import { createLineLog } from './line-log.ts';
import { isChosen, requireLocalEngine } from './local-engine.ts';
import { assertPortsFree, plannedPorts } from './ports.ts';
import { createSupervisor } from './supervisor.ts';
import { talosChildren } from './talos-children.ts';
import { prepareWorkflowBundle } from './workflow-bundle.ts';

/** Children of Talos itself stop before the engines they use. */
const talosStage = 1;

/** What `talos up` starts from. */
export type StackOptions = {
  /** The environment of the process, without `talos.env`. */
  readonly environment: Environment;
  /** The folder of the program. */
  readonly root: string;
  readonly engines: EngineSource;
  readonly report: StackReport;
  /** Gives the start up. */
  readonly signal: AbortSignal;
};

/** A Talos that answers, and the way to stop it. */
export type Stack = {
  readonly config: Config;
  readonly made: GenesisResult;
  /** Stops everything this start has started, in order. */
  stop(): Promise<void>;
};

/** Sets the home up where needed, starts engines and Talos, resolves once the API answers. A failure stops what had started. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const made = genesis(loadEnvironment(options.environment));
  const config = parseConfig(loadEnvironment(options.environment));
  requirePassword(config);
  requireLocalEngine(config);
  const instance = await claimInstance(homePaths(config).supervisorState, webAddress(config));
  const stopping = new AbortController();
  const events = createLineLog(`${homePaths(config).operations}/supervisor.out.log`);
  const supervisor = createSupervisor({
    logDir: homePaths(config).operations,
    environment: engineEnvironment(options.environment),
    onChange(status) {
      instance.update({ children: supervisor.statuses() });
      events.write(Buffer.from(`${new Date().toISOString()} ${status.name} ${status.state} ${status.reason ?? ''}\n`));
      options.report.child(status);
    },
  });
  instance.update({ guard: supervisor.guard });
  const stop = async (): Promise<void> => {
    stopping.abort();
    instance.update({ phase: 'stopping' });
    await supervisor.stop();
    instance.release();
  };
  const signal = AbortSignal.any([options.signal, stopping.signal]);
  try {
    await Promise.race([bringUp({ ...options, config, supervisor, signal }), rejectWhenAborted(options.signal)]);
    instance.update({ phase: 'ready' });
    return { config, made, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Where people reach the API. */
export function webAddress(config: Config): string {
  const host = config.web.bind === '0.0.0.0' || config.web.bind === '::' ? 'localhost' : config.web.bind;
  return `http://${host.includes(':') ? `[${host}]` : host}:${config.ports.web}`;
}

async function bringUp(context: StackContext): Promise<void> {
  const bundle = prepareWorkflowBundle(context.root, context.signal);
  bundle.catch(() => undefined); // awaited below; an engine may fail before
  await assertPortsFree(plannedPorts(context.config).api);
  const required = await startRequiredEngines(context);
  const optional = context.engines.all.filter((engine) => !engine.required && isChosen(engine, context.config));
  for (const engine of optional) void startOptionalEngine(context, engine);
  void bringEmbedded(context);
  await Promise.all([required.all, startTalos(context, [required.core, bundle, bringSandbox(context)])]);
}

async function startTalos(context: StackContext, needs: readonly Promise<void>[]): Promise<void> {
  await Promise.all(needs);
  await Promise.all(talosChildren(context).map((child) => context.supervisor.start(child, talosStage)));
}

function requirePassword(config: Config): void {
  if (config.web.password !== undefined) return;
  const file = homePaths(config).envFile;
  throw new TalosError(
    'CONFIG_INVALID',
    `BASIC_AUTH_PASS is not set; put a line such as BASIC_AUTH_PASS=correct-horse-battery-staple into ${file}`,
    { details: { field: 'BASIC_AUTH_PASS' } },
  );
}

async function rejectWhenAborted(signal: AbortSignal): Promise<never> {
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  throw new TalosError('SHUTTING_DOWN', 'The start was given up.');
}
