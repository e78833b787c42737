import { type KeyObject, randomUUID } from 'node:crypto';

import { approvalKey, createApprovalCodes } from '../adapters/approval-codes.ts';
import { createApprovalLedger } from '../adapters/approval-ledger.ts';
import { createCodeBox } from '../adapters/code-box.ts';
import { combineDeliveries } from '../adapters/code-deliveries.ts';
import { createPorts, type ProcessPorts } from '../adapters/index.ts';
import { createMetricSources } from '../adapters/metric-sources.ts';
import { createSkillBundles } from '../adapters/skill-bundles.ts';
import { gitEnvironment } from '../adapters/skill-tools.ts';
import { type Config, parseConfig } from '../domain/config/parse.ts';
import { homePaths } from '../domain/config/paths.ts';
import { TalosError } from '../domain/errors.ts';
import type { Logger } from '../domain/log.ts';
import { workerRoles } from '../domain/worker-role.ts';
import { loadEnvironment } from '../infra/environment.ts';
import { readNodeKey } from '../infra/node-key.ts';
import { createPasswordVerifier } from '../infra/password-hash.ts';
import { submitBuiltInSkills } from '../workers/built-in-skills.ts';
import { buildBundle } from '../workers/bundle.ts';
import { checkCloud } from '../workers/check-cloud.ts';
import { setNightSchedule } from '../workers/set-night-schedule.ts';
import { keepLives } from '../workers/keep-lives.ts';
import { keepSchedules } from '../workers/keep-schedules.ts';
import { pullMissingModels } from '../workers/pull-models.ts';
import { installTemporalRuntime, runProcess } from '../workers/process.ts';
import { startWorkers } from '../workers/start-workers.ts';
import { taskQueueOf } from '../workflows/task-queues.ts';
import { createApp } from './app.ts';
import type { ApiDeps, EngineProbes } from './deps.ts';
import { startServer } from './server.ts';

/** The API process. On a single machine it serves the core task queue too, which makes the first step of a message free. */
await runProcess(async () => {
  const sdk: { logger?: Logger } = {};
  installTemporalRuntime(() => sdk.logger);
  const config = parseConfig(loadEnvironment(process.env));
  const { password } = config.web;
  if (password === undefined) {
    throw new TalosError(
      'CONFIG_INVALID',
      'BASIC_AUTH_PASS is not set; `talos up` makes one, or set at least 16 characters.',
      {
        details: { field: 'BASIC_AUTH_PASS' },
      },
    );
  }
  const { apiHostsCore, workers } = config.processes;
  const roles = workerRoles.filter((role) => (role === 'core' ? apiHostsCore : workers === 'single'));
  const paths = homePaths(config);
  const nodeKey = readNodeKey(paths.nodeKey);
  const [ports, bundlePath, verifyPassword] = await Promise.all([
    createPorts({ config, component: 'api', nodeKey, eagerStart: apiHostsCore }),
    roles.includes('core') ? buildBundle() : '',
    createPasswordVerifier(password),
  ]);
  sdk.logger = ports.logger;
  const running = await startWorkers(roles, { config, ports, bundlePath });
  const metrics = createMetricSources({
    ...ports,
    catalog: ports.skillPorts.catalog,
    namespace: config.temporal.namespace,
    gpuTaskQueue: taskQueueOf('gpu', config.temporal.taskQueue),
  });
  const deps: ApiDeps = {
    ...ports,
    ...openSkills(ports, paths.tmp),
    ...ports.nightPorts,
    skillRuntime: ports.skillRuntime,
    config,
    ...openApprovals(ports, nodeKey),
    metrics,
    probes: openProbes(ports, config),
    verifyPassword,
    now: Date.now,
    newKey: randomUUID,
  };
  const server = await startServer({ app: createApp(deps), deps, config });
  ports.logger.info({ roles, port: config.ports.web }, 'api ready');
  const stopping = new AbortController();
  beginBehind(ports, config, stopping.signal);
  return {
    done: running.done,
    async stop() {
      stopping.abort();
      await server.close();
      await running.stop();
      await ports.close();
    },
  };
});

/** What goes on behind the start, and nobody waits for. */
function beginBehind(ports: ProcessPorts, config: Config, stopping: AbortSignal): void {
  if (config.skills.autoload) handInBuiltInSkills(ports);
  void keepLives({ ...ports, catalog: ports.skillPorts.catalog });
  void keepSchedules({ ...ports, ...ports.skillPorts });
  void pullMissingModels({ ...ports, config });
  // Who never wants a cloud has it asked nothing.
  if (config.cloud.fallback !== 'never') void checkCloud(ports);
  void setNightSchedule({ ...ports, ...ports.nightPorts }, { signal: stopping });
}

/** What routes need of skills; repositories are fetched by way of a temporary folder. */
function openSkills({ skillPorts }: ProcessPorts, tmp: string) {
  const { skillRules, tools } = skillPorts;
  const git = { protocols: ['https'], env: gitEnvironment(process.env), tmp } as const;
  return { ...skillPorts, checkInput: skillRules.checkInput, skillBundles: createSkillBundles({ tools, git }) };
}

/** Nobody waits for that: quarantine goes on behind the start. */
function handInBuiltInSkills(ports: ProcessPorts): void {
  submitBuiltInSkills({ ...ports, ...ports.skillPorts }).catch((error: unknown) => {
    ports.logger.error({ err: error }, 'the built-in skills were not handed in');
  });
}

/** Whom `/health` asks; of the engines that run local models the chosen one. */
function openProbes({ runtime, conversations, vectors, model }: ProcessPorts, { models }: Config): EngineProbes {
  return { temporal: runtime, redis: conversations, chroma: vectors, [models.engine]: model };
}

/** Codes that prove the owner's consent, and where they wait for the owner. */
function openApprovals(ports: ProcessPorts, nodeKey: KeyObject): Pick<ApiDeps, 'approvals' | 'codeBox'> {
  const codeBox = createCodeBox();
  const approvals = createApprovalCodes({
    ledger: createApprovalLedger(ports.redis),
    key: approvalKey(nodeKey),
    delivery: combineDeliveries([codeBox], ports),
  });
  return { approvals, codeBox };
}
