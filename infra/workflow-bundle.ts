import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';

import { TalosError } from '../domain/errors.ts';

/** Builds the workflow bundle in a process of its own unless it is there; the memory it takes is given back. */
export async function prepareWorkflowBundle(root: string, signal: AbortSignal): Promise<void> {
  const program = `${root}/workers/build-bundle.ts`;
  if (!existsSync(program)) return;
  const child = spawn(process.execPath, [program], {
    stdio: ['ignore', 'ignore', 'pipe'],
    signal,
    killSignal: 'SIGKILL',
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString('utf8')).slice(-4000)));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new TalosError('INTERNAL', `The workflow bundle could not be built:\n${said.trim()}`);
}
