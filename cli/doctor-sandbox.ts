import type { Config } from '../domain/config/parse.ts';
import { TalosError } from '../domain/errors.ts';
import type { CliDeps } from './command.ts';
import { good, reasonOf } from './doctor-row.ts';
import type { DoctorRow } from './doctor-row.ts';

/** Putting a sandbox to the test takes about a second; one that takes this long does not hold. */
const proofMs = 30_000;

/** Whether a sandbox holds on this machine, and what keeps its limits. Without one no skill runs; everything else does. */
export async function checkSandbox(deps: Pick<CliDeps, 'skillTools'>, config: Config): Promise<DoctorRow> {
  const tools = await deps.skillTools(config);
  const sandbox = await tools.sandbox('anew');
  try {
    const { driver, version, limits, contained } = await sandbox.prove(AbortSignal.timeout(proofMs));
    return good('sandbox', `${driver} ${version}, limits by ${limits}, contained ${contained.length} hostile skills`);
  } catch (error) {
    const row: DoctorRow = { check: 'sandbox', state: 'warning', detail: `no skill runs: ${reasonOf(error)}` };
    const fix = error instanceof TalosError ? error.details['fix'] : undefined;
    return typeof fix === 'string' ? { ...row, fix } : row;
  } finally {
    await sandbox.close();
  }
}
