import type { Command } from 'commander';
import { z } from 'zod';

import { errorCatalogue } from '../../domain/errors.ts';
import { askHealth } from '../../infra/api-health.ts';
import type { HealthAnswer } from '../../infra/api-health.ts';
import { findInstance } from '../../infra/instance.ts';
import type { InstanceRecord } from '../../infra/instance.ts';
import type { CliDeps } from '../command.ts';
import { formatAge } from '../format-age.ts';

/** What `/health` says in one word: ok, degraded or unavailable. */
const HealthStatus = z.object({ status: z.string() });

/** `talos status`: what runs in this home; exits with 69 when nothing does. */
export function addStatusCommand(program: Command, deps: CliDeps): void {
  program
    .command('status')
    .description('say what runs in this home')
    .option('--json', 'print it as JSON')
    .action(async (options: { json?: true }) => {
      const paths = deps.paths();
      const instance = findInstance(paths.supervisorState);
      if (instance === undefined) deps.setExitCode(errorCatalogue.NOT_RUNNING.exitCode);
      const health = instance && (await healthOrUndefined(paths.apiSocket));
      if (options.json === true) deps.output.json(toJson(instance, health));
      else if (instance === undefined)
        deps.output.line(`Talos is not running in ${paths.home}; start it with: talos up`);
      else printInstance(instance, health, deps);
    });
}

async function healthOrUndefined(socket: string): Promise<HealthAnswer | undefined> {
  return await askHealth(socket, AbortSignal.timeout(3000)).catch(() => undefined); // no answer is part of the status
}

function toJson(instance: InstanceRecord | undefined, health: HealthAnswer | undefined): unknown {
  if (instance === undefined) return { running: false };
  const { pid, since, phase, address, children } = instance;
  return { running: true, pid, since, phase, address, children, health: health?.body ?? 'no answer' };
}

function printInstance(instance: InstanceRecord, health: HealthAnswer | undefined, { output }: CliDeps): void {
  const now = Date.now();
  const answer =
    health === undefined
      ? 'no answer'
      : (HealthStatus.safeParse(health.body).data?.status ?? `answers ${health.status}`);
  output.line(
    `Talos ${instance.phase} at ${instance.address}, process ${instance.pid}, up ${formatAge(now - instance.since)}, health ${answer}`,
  );
  output.line();
  output.table(
    ['PROCESS', 'STATE', 'PID', 'FOR', 'RESTARTS', 'NOTE'],
    instance.children.map((child) => [
      child.name,
      child.state,
      String(child.pid ?? '-'),
      formatAge(now - child.since),
      String(child.restarts),
      child.reason ?? '',
    ]),
  );
}
