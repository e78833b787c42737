import type { Config } from '../domain/config/parse.ts';
import type { Engine, EngineLocation } from '../infra/engines/engine.ts';
import { mendEngine } from './doctor-mend.ts';
import { reasonOf } from './doctor-row.ts';
import type { DoctorRow } from './doctor-row.ts';

/** Where each engine comes from and how fast it answers. Without an optional engine Talos works, with a warning. */
export async function checkEngines(engines: readonly Engine[], config: Config): Promise<DoctorRow[]> {
  return await Promise.all(engines.map((engine) => checkEngine(engine, config)));
}

async function checkEngine(engine: Engine, config: Config): Promise<DoctorRow> {
  const check = `engine ${engine.name}`;
  const state = engine.required ? 'bad' : 'warning';
  const location = await engine.locate(config);
  if (location.kind === 'missing') return { check, state, detail: `missing: ${location.reason}`, fix: 'talos up' };
  const place = describe(location);
  try {
    const ms = await engine.check(config, AbortSignal.timeout(3000));
    const isElsewhere = location.kind === 'external';
    const fault = isElsewhere ? await findFault(engine, config) : undefined;
    if (fault !== undefined) return { check, state: 'bad', detail: `${place} ${fault.detail}`, fix: fault.fix };
    return { check, state: 'ok', detail: `${place}, answers in ${ms.toFixed(1)} ms` };
  } catch (error) {
    const fix = mendEngine(engine.name, location.kind === 'external', config);
    return { check, state, detail: `${place}, does not answer: ${reasonOf(error)}`, fix };
  }
}

async function findFault(engine: Engine, config: Config): ReturnType<NonNullable<Engine['findFault']>> {
  return await engine.findFault?.(config, AbortSignal.timeout(3000)).catch(() => undefined); // one that may not be asked tells nothing
}

function describe(location: Exclude<EngineLocation, { kind: 'missing' }>): string {
  return location.kind === 'external' ? location.address : `${location.version} (${location.kind}) ${location.program}`;
}
