import type { EngineSource } from '../infra/stack-context.ts';

/** The engines `talos up` starts. */
export const engineSource: EngineSource = { all: [], get: () => Promise.resolve() };
