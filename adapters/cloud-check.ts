import { goneNote, type NamedModel } from '../domain/cloud/models.ts';
import type { CloudClient } from '../domain/cloud/ports.ts';
import { TalosError } from '../domain/errors.ts';
import type { AuditLog } from '../domain/ports.ts';
import type { CloudGuard } from './cloud-guard.ts';

type CheckDeps = {
  readonly client: CloudClient;
  readonly guard: CloudGuard;
  readonly audit: AuditLog;
  readonly models: readonly NamedModel[];
  readonly newId: () => string;
};

/**
 * Asks the cloud for each model by its name alone, and returns what the owner should know. It leaves the machine, so it is audited
 * first. Fails as a call does, but for a model that is gone.
 */
export async function checkCloudModels(deps: CheckDeps, signal: AbortSignal): Promise<string[]> {
  const { client, guard, audit, models, newId } = deps;
  const model = models.map((named) => named.model).join(' ');
  const details = { host: client.host, model, bytes: 0, kinds: 'model-check' };
  await audit.append({ type: 'cloud-called', actor: 'talos', subject: client.host, details });
  const notes: string[] = [];
  for (const named of models) {
    const answers = guard.watch(newId(), signal, (limited) => ask(client, named, limited));
    for await (const note of answers) notes.push(note);
  }
  return notes;
}

async function* ask(client: CloudClient, named: NamedModel, signal: AbortSignal): AsyncGenerator<string, void> {
  try {
    await client.find(named, signal);
  } catch (thrown) {
    if (!(thrown instanceof TalosError && thrown.details['reason'] === 'model')) throw thrown;
    yield goneNote(named);
  }
}
