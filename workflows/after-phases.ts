import type { NightRunId } from '../domain/night/run.ts';

/** What follows the phases while there is time and the owner's trust allows it. Cancelled at the soft cap. */
export async function afterPhases(_night: { readonly id: NightRunId }): Promise<void> {}
