import type { AuditTrail } from '../../domain/audit/trail.ts';
import type { AwaitedClouds, CloudModel } from '../../domain/cloud/ports.ts';
import type { Config } from '../../domain/config/parse.ts';
import { homePaths } from '../../domain/config/paths.ts';
import { TalosError } from '../../domain/errors.ts';
import { onlyListed } from '../../domain/models/choose.ts';
import { wantedModels } from '../../domain/models/local-engine.ts';
import type { HealthFacts, HealthReadings } from '../../domain/night/health.ts';
import { judgeHealth } from '../../domain/night/judge-health.ts';
import type { PhaseWork } from '../../domain/night/ports.ts';
import type { LanguageModel, Probe, VectorStore } from '../../domain/ports.ts';
import { MemoryCollection } from '../../domain/retrieval/memory.ts';
import type { AwaitedCalls, Sandbox, SkillCatalog, SkillRuns } from '../../domain/skills/ports.ts';
import { findTrouble } from '../../domain/skills/trouble.ts';
import { summarise } from '../../domain/skills/view.ts';
import type { RedisConnections } from '../redis.ts';
import { readDisks, readMachine } from './machine.ts';
import { readWithin } from './readings.ts';

/** What the phase `health` asks. */
export type HealthSources = {
  readonly config: Config;
  readonly redis: RedisConnections;
  readonly runtime: Probe;
  readonly vectors: VectorStore;
  readonly model: LanguageModel;
  /** Absent where no cloud can be set up. */
  readonly cloud?: Pick<CloudModel, 'state'>;
  readonly sandbox?: Pick<Sandbox, 'prove'>;
  readonly trail: AuditTrail;
  readonly catalog: SkillCatalog;
  readonly skillRuns: Pick<SkillRuns, 'list'>;
  readonly awaitedCalls: Pick<AwaitedCalls, 'list'>;
  readonly awaitedClouds: Pick<AwaitedClouds, 'list'>;
  readonly now: () => number;
};

/** What is asked of an engine takes no longer. */
const quickMs = 4000;

/** Showing that the sandbox holds starts some twenty of them. */
const proofMs = 45_000;

/** The log of a day is verified for no longer. */
const auditMs = 15_000;

/** What was written to the audit log since then is looked at every night. */
const auditSinceMs = 26 * 60 * 60 * 1000;

/** The phase `health`: asks everything at once. What is away is a finding, and never fails the phase. */
export function createHealthPhase(sources: HealthSources): PhaseWork {
  const facts = factsOf(sources.config);
  return async ({ signal, tell }) => {
    tell('looking at the machine and the engines');
    return judgeHealth(await readHealth(sources, signal), facts);
  };
}

function factsOf(config: Config): HealthFacts {
  const { models, chroma } = config;
  const { chat, embedding } = wantedModels(config);
  const names = [...new Set([chat, embedding])].filter((name) => name !== onlyListed);
  return { maxVectors: chroma.maxVectors, engine: models.engine, wantedModels: names };
}

async function readHealth(sources: HealthSources, signal: AbortSignal): Promise<HealthReadings> {
  const { config, runtime, cloud, catalog } = sources;
  const quick = { limitMs: quickMs, signal };
  const [machine, disks, temporal, redis, vectors, models, cloudState, sandbox, audit, skills, troubles, waiting] =
    await Promise.all([
      readWithin(quick, readMachine),
      readWithin(quick, () => readDisks(foldersOf(config))),
      readWithin(quick, (ending) => runtime.ping(ending)),
      readWithin(quick, () => redisUse(sources.redis)),
      readWithin(quick, () => vectorCounts(sources.vectors)),
      readWithin(quick, () => modelNames(sources.model)),
      readWithin(quick, async () => (await cloud?.state()) ?? ({ kind: 'not-configured' } as const)),
      readWithin({ limitMs: proofMs, signal }, (ending) => proofOf(sources.sandbox, ending)),
      readWithin({ limitMs: auditMs + quickMs, signal }, (ending) => checkAudit(sources, ending)),
      readWithin(quick, () => skillCounts(catalog)),
      readWithin(quick, () => skillTroubles(sources)),
      readWithin(quick, () => waitingCounts(sources)),
    ]);
  return {
    machine,
    disks,
    temporal,
    redis,
    vectors,
    models,
    cloud: cloudState,
    sandbox,
    audit,
    skills,
    troubles,
    waiting,
  };
}

function foldersOf(config: Config): Record<string, string> {
  const { home, ollamaData } = homePaths(config);
  return { Talos: home, models: config.models.ollamaModelsDir ?? ollamaData };
}

async function redisUse({ call }: RedisConnections): Promise<{ usedBytes: number; maxBytes: number }> {
  const info = await call((commands) => commands.info('memory'));
  const figure = (name: string): number => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
  return { usedBytes: figure('used_memory'), maxBytes: figure('maxmemory') };
}

async function vectorCounts(vectors: VectorStore): Promise<Record<string, number>> {
  const counts = MemoryCollection.options.map(async (name) => [name, await vectors.count(name)] as const);
  return Object.fromEntries(await Promise.all(counts));
}

async function modelNames(model: LanguageModel): Promise<{ installed: string[]; loaded: string[] }> {
  const [installed, loaded] = await Promise.all([model.installed(), model.resident()]);
  return { installed: installed.map(({ name }) => name), loaded: loaded.map(({ name }) => name) };
}

function proofOf(sandbox: HealthSources['sandbox'], signal: AbortSignal) {
  if (sandbox !== undefined) return sandbox.prove(signal);
  return Promise.reject(new TalosError('SANDBOX_UNAVAILABLE', 'There is no sandbox driver in this process.'));
}

function checkAudit({ trail, now }: HealthSources, signal: AbortSignal) {
  const ending = AbortSignal.any([signal, AbortSignal.timeout(auditMs)]);
  return trail.verify({ since: now() - auditSinceMs, signal: ending });
}

async function waitingCounts(sources: HealthSources): Promise<Record<string, number>> {
  const { awaitedCalls, awaitedClouds, catalog } = sources;
  const [calls, clouds, counts] = await Promise.all([awaitedCalls.list(), awaitedClouds.list(), skillCounts(catalog)]);
  return { calls: calls.length, clouds: clouds.length, skills: counts['awaiting-approval'] ?? 0 };
}

async function skillCounts(catalog: SkillCatalog): Promise<Record<string, number>> {
  const versions = (await catalog.list()).flatMap((life) => summarise(life));
  const byState = Map.groupBy(versions, ({ state }) => state);
  return Object.fromEntries([...byState].map(([state, same]) => [state, same.length]));
}

async function skillTroubles({ catalog, skillRuns }: HealthSources): Promise<{ skill: string; runs: number }[]> {
  const looks = (await catalog.list()).map(async ({ id, active }) => {
    const trouble = active && (await findTrouble(skillRuns, id, active.hash));
    return trouble === undefined ? [] : [{ skill: id, runs: trouble.runs }];
  });
  return (await Promise.all(looks)).flat();
}
