import { engines, getEngines } from '../infra/engines/registry.ts';
import type { EngineSource } from '../infra/stack-context.ts';

/** The engines Talos stands on. */
export const engineSource: EngineSource = { all: engines, get: getEngines };
