import { createPorts } from '../adapters/index.ts';
import { parseConfig } from '../domain/config/parse.ts';
import { homePaths } from '../domain/config/paths.ts';
import type { Logger } from '../domain/log.ts';
import { workerRoles } from '../domain/worker-role.ts';
import { loadEnvironment } from '../infra/environment.ts';
import { readNodeKey } from '../infra/node-key.ts';
import { buildBundle } from './bundle.ts';
import { installTemporalRuntime, runProcess } from './process.ts';
import { startWorkers } from './start-workers.ts';

/** A process that serves the task queues named by TALOS_WORKER_ROLES; as many as there are machines may run. */
await runProcess(async () => {
  const sdk: { logger?: Logger } = {};
  installTemporalRuntime(() => sdk.logger);
  const config = parseConfig(loadEnvironment(process.env));
  const roles = workerRoles.filter((role) => config.processes.roles.includes(role));
  const nodeKey = readNodeKey(homePaths(config).nodeKey);
  const component = `worker-${roles.join('-')}`;
  const ports = await createPorts({ config, component, nodeKey, eagerStart: false });
  sdk.logger = ports.logger;
  const bundlePath = roles.includes('core') ? await buildBundle() : '';
  const workers = await startWorkers(roles, { config, ports, bundlePath });
  ports.logger.info({ roles }, 'worker ready');
  return {
    done: workers.done,
    async stop() {
      await workers.stop();
      await ports.close();
    },
  };
});
