import { createServer } from 'node:net';

import type { Config } from '../domain/config/parse.ts';
import { TalosError } from '../domain/errors.ts';
import { findPortHolder } from './port-holder.ts';

/** A port Talos is about to listen on, with the setting that moves it. */
export type PortPlan = { readonly port: number; readonly host: string; readonly setting: string; readonly use: string };

/** The ports this configuration takes; engines that run elsewhere take none. */
export function plannedPorts(config: Config): Record<'api' | 'temporal' | 'chroma' | 'ollama', PortPlan[]> {
  const { ports } = config;
  const local = (port: number, setting: string, use: string): PortPlan => ({ port, setting, use, host: '127.0.0.1' });
  return {
    api: [{ port: ports.web, host: config.web.bind, setting: 'WEB_PORT', use: 'the API' }],
    temporal: [
      local(ports.temporal, 'TEMPORAL_PORT', 'Temporal'),
      local(ports.temporalUi, 'TEMPORAL_UI_PORT', 'the Temporal Web UI'),
      local(ports.temporalMetrics, 'TALOS_PORT_BASE', "Temporal's metrics"),
    ],
    chroma: [local(ports.chroma, 'CHROMA_PORT', 'Chroma')],
    ollama: [local(ports.ollama, 'OLLAMA_PORT', 'Ollama')],
  };
}

/** Fails with PORT_IN_USE for the first port that is taken, naming who has it where that can be told. */
export async function assertPortsFree(plans: readonly PortPlan[]): Promise<void> {
  const failures = await Promise.all(plans.map(tryListen));
  const index = failures.findIndex((code) => code !== undefined);
  const plan = plans[index];
  if (plan === undefined) return;
  throw await portError(plan, failures[index] ?? '');
}

async function tryListen(plan: PortPlan): Promise<string | undefined> {
  const server = createServer();
  return await new Promise((resolve) => {
    server.once('error', (error) => resolve('code' in error ? String(error.code) : error.message));
    server.listen({ port: plan.port, host: plan.host, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

async function portError(plan: PortPlan, code: string): Promise<TalosError> {
  const details = { field: plan.setting, port: plan.port };
  if (code !== 'EADDRINUSE') {
    return new TalosError(
      'CONFIG_INVALID',
      `Talos cannot listen on ${plan.host}:${plan.port} for ${plan.use} (${code}); set another ${plan.setting}`,
      { details },
    );
  }
  const holder = await findPortHolder(plan.port);
  const by = holder === undefined ? '' : ` by ${holder.command} (process ${holder.pid})`;
  return new TalosError(
    'PORT_IN_USE',
    `Port ${plan.port} for ${plan.use} is in use${by}; stop that program, or set ${plan.setting}, ` +
      'or move all ports with TALOS_PORT_BASE, for example TALOS_PORT_BASE=20000',
    { details: holder === undefined ? details : { ...details, pid: holder.pid, holder: holder.command } },
  );
}
