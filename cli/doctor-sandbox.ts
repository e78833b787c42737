import type { Config } from '../domain/config/parse.ts';
import { TalosError } from '../domain/errors.ts';
import type { CliDeps } from './command.ts';
import { good, reasonOf } from './doctor-row.ts';
import type { DoctorRow } from './doctor-row.ts';

/** Putting a sandbox to the test takes about a second; a slow machine that has just started its skills needs much longer. */
const proofMs = 60_000;

/** Whether a sandbox holds on this machine, and what keeps its limits. Without one no skill runs; everything else does. */
export async function checkSandbox(deps: Pick<CliDeps, 'skillTools'>, config: Config): Promise<DoctorRow> {
  const tools = await deps.skillTools(config);
  const sandbox = await tools.sandbox('anew');
  const late = AbortSignal.timeout(proofMs);
  try {
    const { driver, version, limits, contained } = await sandbox.prove(late);
    return good('sandbox', `${driver} ${version}, limits by ${limits}, contained ${contained.length} hostile skills`);
  } catch (error) {
    if (late.aborted) {
      const detail = `it could not be put to the test within ${proofMs / 1000} s`;
      return { check: 'sandbox', state: 'warning', detail, fix: 'talos doctor, once this machine is less busy' };
    }
    const row: DoctorRow = { check: 'sandbox', state: 'warning', detail: `no skill runs: ${reasonOf(error)}` };
    const fix = error instanceof TalosError ? error.details['fix'] : undefined;
    return typeof fix === 'string' ? { ...row, fix } : row;
  } finally {
    await sandbox.close();
  }
}
