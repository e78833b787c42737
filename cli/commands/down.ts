import type { Command } from 'commander';

import { TalosError } from '../../domain/errors.ts';
import { findInstance, instanceGone } from '../../infra/instance.ts';
import type { InstanceRecord } from '../../infra/instance.ts';
import { signalProcess } from '../../infra/process-identity.ts';
import type { CliDeps } from '../command.ts';

/** Longest wait for an orderly stop: the graces of the stages one after another. */
const orderlyMs = 60_000;
/** Longest wait for the guard after the supervisor was killed. */
const guardMs = 20_000;

/** `talos down`: stops the Talos of this home and waits until it is gone. */
export function addDownCommand(program: Command, deps: CliDeps): void {
  program
    .command('down')
    .description('stop the Talos of this home and everything it started')
    .option('--json', 'print what was stopped as JSON')
    .action(async (options: { json?: true }) => {
      const paths = deps.paths();
      const instance = findInstance(paths.supervisorState);
      if (instance !== undefined) await stopInstance(instance, deps);
      const stopped = instance === undefined ? [] : instance.children.map((child) => child.name);
      if (options.json === true) deps.output.json({ wasRunning: instance !== undefined, stopped });
      else if (instance === undefined) deps.output.line(`Talos is not running in ${paths.home}.`);
      else
        deps.output.line(`Stopped Talos (process ${instance.pid}): ${stopped.join(', ') || 'it had started nothing'}.`);
    });
}

async function stopInstance(instance: InstanceRecord, { output }: CliDeps): Promise<void> {
  signalProcess(instance.pid, 'SIGTERM');
  if (await instanceGone(instance, orderlyMs)) return;
  output.note(`Talos did not stop within ${orderlyMs / 1000} s and is killed.`);
  signalProcess(instance.pid, 'SIGKILL');
  if (await instanceGone(instance, guardMs)) return;
  throw new TalosError('INTERNAL', `Process ${instance.pid} cannot be stopped; it may belong to another user.`);
}
