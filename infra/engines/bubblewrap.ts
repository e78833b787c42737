import { TalosError } from '../../domain/errors.ts';
import { findProgram } from '../run-command.ts';
import { installCommand, installPackages } from './apt.ts';
import type { Progress } from './engine.ts';
import { withTeller } from './teller.ts';

/** The path of bwrap, which contains skills; it is installed first where Talos may. Fails with ENGINE_MISSING and the command. */
export async function getBubblewrap(options: { progress: Progress; signal: AbortSignal }): Promise<string> {
  const present = await findProgram('bwrap');
  if (present !== undefined) return present;
  const isInstalled = await withTeller('bubblewrap', options, (step) => installPackages(['bubblewrap'], step));
  const program = isInstalled ? await findProgram('bwrap') : undefined;
  if (program !== undefined) return program;
  const name = 'bubblewrap';
  const fix = await installCommand({ apt: name, dnf: name, pacman: name, zypper: name, apk: name, brew: name });
  const message = `bubblewrap is not installed and Talos may not install it here, so no skill can run; run: ${fix}`;
  throw new TalosError('ENGINE_MISSING', message, { details: { engine: name, fix } });
}
