import type { Command } from 'commander';

import { errorCatalogue } from '../../domain/errors.ts';
import type { CliDeps } from '../command.ts';
import { checkCloud } from '../doctor-cloud.ts';
import { checkEngines } from '../doctor-engines.ts';
import { checkConfig, checkHome, checkProcesses } from '../doctor-home.ts';
import { isChosen } from '../../infra/local-engine.ts';
import { checkLocalEngine } from '../doctor-local-engine.ts';
import { checkModels } from '../doctor-models.ts';
import type { DoctorRow } from '../doctor-row.ts';
import { checkSandbox } from '../doctor-sandbox.ts';
import { engineSource } from '../engine-source.ts';

/** `talos doctor`: looks at everything Talos needs; exits with 69 when something it cannot do without is wrong. */
export function addDoctorCommand(program: Command, deps: CliDeps): void {
  program
    .command('doctor')
    .description('look at everything Talos needs and name what mends it')
    .option('--json', 'print the findings as JSON')
    .action(async (options: { json?: true }) => {
      const rows = await examine(deps);
      const isHealthy = rows.every((row) => row.state !== 'bad');
      if (!isHealthy) deps.setExitCode(errorCatalogue.NOT_RUNNING.exitCode);
      if (options.json === true) deps.output.json({ healthy: isHealthy, rows });
      else printRows(rows, deps);
    });
}

async function examine(deps: CliDeps): Promise<DoctorRow[]> {
  const node: DoctorRow = { check: 'node', state: 'ok', detail: process.version };
  const { rows, config } = checkConfig(deps);
  if (config === undefined) return [node, ...rows];
  const used = engineSource.all.filter((engine) => isChosen(engine, config));
  const engines = await checkEngines(used, config);
  const models = await (config.models.engine === 'ollama' ? checkModels : checkLocalEngine)(config);
  const sandbox = await checkSandbox(deps, config);
  const cloud = await checkCloud(config);
  return [node, ...rows, ...checkHome(config), ...engines, ...checkProcesses(config), ...models, cloud, sandbox];
}

function printRows(rows: readonly DoctorRow[], { output }: CliDeps): void {
  output.table(
    ['CHECK', 'STATE', 'FOUND'],
    rows.map(({ check, state, detail }) => [check, state, detail]),
  );
  const mends = Map.groupBy(
    rows.filter(({ fix }) => fix !== undefined),
    ({ fix }) => fix,
  );
  if (mends.size > 0) output.line('\nTo mend it:');
  for (const [fix, mended] of mends) {
    const checks = new Set(mended.map(({ check }) => check));
    output.line(`  ${[...checks].join(', ')}: ${fix}`);
  }
}
