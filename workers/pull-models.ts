import type { Config } from '../domain/config/parse.ts';
import { toTalosError } from '../domain/errors.ts';
import type { ModelPorts } from '../domain/models/store.ts';
import type { Logger } from '../domain/ports.ts';

type Deps = { readonly config: Config; readonly modelPorts: ModelPorts; readonly logger: Logger };

/**
 * Has the models pulled that this machine is to have and lacks, where the owner has not forbidden it, the engine pulls models, and a network
 * is there. Never fails; the log has what did.
 */
export async function pullMissingModels({ config, modelPorts, logger }: Deps): Promise<void> {
  const { autopull, starter, coder, embedding } = config.models;
  if (!autopull || modelPorts.store === undefined || !modelPorts.machine.isOnline()) return;
  try {
    await modelPorts.pullRuntime.startAutopull({ starter, chat: coder, embedding });
  } catch (thrown) {
    const { code, message } = toTalosError(thrown);
    logger.warn({ code, err: thrown }, `missing models are not pulled now: ${message}`);
  }
}
