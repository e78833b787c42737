import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';

import { TalosError } from '../domain/errors.ts';
import type { CliDeps } from './command.ts';
import { fromFailedMessage, reportToTerminal, UpMessage } from './up-report.ts';

/** Starts Talos in a session of its own, shows how that goes, and returns when it is ready. */
export async function startDetached(deps: CliDeps): Promise<void> {
  const { root, processEnvironment, output } = deps;
  const child = spawn(process.execPath, [`${root}/cli/main.ts`, 'up', '--report-to-parent'], {
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    env: { ...processEnvironment },
  });
  const stop = (): void => void child.kill('SIGTERM');
  const signal = deps.interrupted();
  signal.addEventListener('abort', stop, { once: true });
  const lines = await waitReady(child, output);
  signal.removeEventListener('abort', stop);
  child.disconnect();
  child.unref();
  for (const line of lines) output.line(line);
}

async function waitReady(child: ChildProcess, output: CliDeps['output']): Promise<readonly string[]> {
  const report = reportToTerminal(output);
  return await new Promise((resolve, reject) => {
    child.on('message', (raw) => {
      const message = UpMessage.parse(raw);
      switch (message.type) {
        case 'progress': {
          const { name, text, fraction } = message;
          report.progress(name, text, fraction === undefined ? {} : { fraction });
          break;
        }
        case 'note':
          report.note(message.text);
          break;
        case 'ready':
          resolve(message.lines);
          break;
        case 'failed':
          reject(fromFailedMessage(message));
      }
    });
    child.once('error', reject);
    child.once('exit', (code) =>
      reject(new TalosError('INTERNAL', `Talos ended with code ${code} before it was ready; try it without --detach.`)),
    );
  });
}
