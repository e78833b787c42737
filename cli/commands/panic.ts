import type { Command } from 'commander';

import { type Config, parseConfig } from '../../domain/config/parse.ts';
import { type TalosError, toTalosError } from '../../domain/errors.ts';
import { createApiClient } from '../client.ts';
import type { OwnerPorts } from '../../domain/ports.ts';
import type { CliDeps } from '../command.ts';

const examples = `
Refuses all new work and cancels what runs, also when the API or every engine is down. It lasts until: talos unlock

Examples:
  talos panic
  talos panic --reason "it mails strangers"`;

/** `talos panic`: locks Talos down. */
export function addPanicCommand(program: Command, deps: CliDeps): void {
  program
    .command('panic')
    .description('lock Talos down: cancel what runs, refuse everything new')
    .option('--reason <text>', 'why, for the audit log', 'asked for on the command line')
    .addHelpText('after', examples)
    .action(async ({ reason }: { reason: string }) => {
      if (!(await panicByApi(reason, deps))) await panicDirectly(reason, deps);
      deps.output.line('Talos is locked down. To lift it: talos unlock');
    });
}

/** True when a running Talos took it; whatever else it answers, the lockdown is then set without it. */
async function panicByApi(reason: string, deps: CliDeps): Promise<boolean> {
  try {
    await createApiClient(deps.paths().apiSocket).panic(reason);
    return true;
  } catch (error) {
    const { code, message } = toTalosError(error);
    if (code !== 'NOT_RUNNING') deps.output.note(`The API did not take it (${message}); locking directly.`);
    return false;
  }
}

async function panicDirectly(reason: string, deps: CliDeps): Promise<void> {
  const { config, broken } = configToLock(deps);
  const ports = await deps.ownerPorts(config);
  try {
    const { isLocked, failures } = await lockAndRecord(ports, reason);
    await bestEffort(deps, 'Running messages were not cancelled', async () => {
      if (broken !== undefined) throw broken; // which Temporal is ours, only it can say
      // The workflow of a lockdown that did not begin would be there for ever, for nothing lifts it.
      if (isLocked) await ports.runtime.startLockdown({ reason, by: 'owner' });
      const cancelled = await ports.runtime.cancelMessages();
      deps.output.note(`${cancelled} running messages cancelled.`);
    });
    if (failures[0] === undefined) return;
    if (isLocked) deps.output.note('Talos is locked down, but that is not on record. To lift it: talos unlock');
    throw failures[0];
  } finally {
    await ports.close();
  }
}

/** The configuration; where it is mistyped, that of the home without any setting, for the lock and its record lie in the home. */
function configToLock(deps: CliDeps): { config: Config; broken?: TalosError } {
  try {
    return { config: deps.config() };
  } catch (error) {
    const { HOME, TALOS_HOME } = deps.processEnvironment;
    return { config: parseConfig({ HOME, TALOS_HOME }), broken: toTalosError(error) };
  }
}

/** The lock comes first and its record second; a failure of one does not keep the other from being tried. */
async function lockAndRecord(ports: OwnerPorts, reason: string) {
  const at = Date.now();
  let isLocked = false;
  const steps = [
    async () => (isLocked = (await ports.lockdown.lock({ reason, by: 'owner', at })).locked),
    () => ports.audit.append({ type: 'lockdown-set', actor: 'owner', details: { via: 'command line', reason } }),
  ];
  const failures: TalosError[] = [];
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      failures.push(toTalosError(error));
    }
  }
  return { isLocked, failures };
}

/** What needs engines that may be down: told when it fails, and no reason to fail. */
export async function bestEffort(deps: CliDeps, failed: string, step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (error) {
    deps.output.note(`${failed}: ${toTalosError(error).message}`);
  }
}
