import { TalosError } from '../../domain/errors.ts';
import type { Measurement, SkillCatalog, SkillRuntime, SkillStore } from '../../domain/skills/ports.ts';
import { type Outcome, unborn } from '../../domain/skills/change.ts';
import type { SkillLife } from '../../domain/skills/life.ts';
import type { SkillId } from '../../domain/skills/manifest.ts';
import { promote, reject } from '../../domain/skills/promotion.ts';
import { submit } from '../../domain/skills/quarantine.ts';
import { deprecate, restore, retest } from '../../domain/skills/retirement.ts';
import { runId, type SkillRunRef } from '../../domain/skills/run.ts';

/** What runs in place of the `skillRun` workflow; it settles the run. The signal aborts when it is stopped. */
export type RunScript = (ref: SkillRunRef, signal: AbortSignal) => Promise<void>;

/** The runtime of a test: shows what was started and approved, and can be told to be away. */
export type MemorySkillRuntime = SkillRuntime & {
  /** Every start that began a run, in order. */
  started(): readonly Parameters<SkillRuntime['startRun']>[0][];
  /** The keys of drafts that were started. */
  drafts(): readonly string[];
  /** Ends those drafts without a word to anybody. */
  endDrafts(): void;
  approvals(): readonly Parameters<SkillRuntime['approve']>[0][];
  /** Whether every call fails with RUNTIME_UNAVAILABLE from now on. */
  refuse(isRefusing: boolean): void;
};

type Options = {
  readonly catalog: SkillCatalog;
  readonly skills: SkillStore;
  readonly script: RunScript;
  readonly measure?: () => Promise<Measurement>;
};

/** In-memory twin: lives change by the rules of the domain, but nobody tests what is in quarantine; a started run runs the script. */
export function createMemorySkillRuntime(options: Options): MemorySkillRuntime {
  const { catalog, skills, measure = async () => ({ state: 'measured' }) } = options;
  const approvals: Parameters<SkillRuntime['approve']>[0][] = [];
  let isRefusing = false;
  let changes = 0;

  async function known(id: SkillId): Promise<SkillLife> {
    if (isRefusing) throw new TalosError('RUNTIME_UNAVAILABLE', 'The runtime was told to refuse.');
    const life = await catalog.get(id);
    if (life === undefined) throw new TalosError('NOT_FOUND', `There is no skill ${id}.`);
    return life;
  }

  async function change(life: SkillLife, step: (life: SkillLife, at: number) => Outcome): Promise<SkillLife> {
    const outcome = step(life, (changes += 1));
    if (!outcome.ok) throw new TalosError(outcome.code, outcome.message);
    await catalog.put(outcome.life);
    return outcome.life;
  }

  return {
    ...createMemoryRuns(options, () => isRefusing),
    async submit({ id, hash, over }) {
      const { manifest } = await skills.load(id, hash);
      const life = (await catalog.get(id)) ?? unborn(id);
      return change(life, (now, at) => submit(now, { hash, version: manifest.version, findings: [], over }, at));
    },
    async approve(approval) {
      const life = await change(await known(approval.id), (now, at) => promote(now, approval, at));
      approvals.push(approval);
      return life;
    },
    reject: async ({ id, ...order }) =>
      change(await known(id), (now, at) => reject(now, { ...order, endedBy: 'owner' }, at)),
    deprecate: async ({ id, ...order }) => change(await known(id), (now, at) => deprecate(now, order, at)),
    restore: async ({ id, ...order }) => change(await known(id), (now, at) => restore(now, order, at)),
    retest: async ({ id, reason }) => change(await known(id), (now, at) => retest(now, { reason }, at)),
    goOn: async (id) => void (await known(id)),
    async life(id) {
      if (isRefusing) throw new TalosError('RUNTIME_UNAVAILABLE', 'The runtime was told to refuse.');
      return catalog.get(id);
    },
    measure: async ({ id }) => {
      await known(id);
      return measure();
    },
    approvals: () => [...approvals],
    refuse(value) {
      isRefusing = value;
    },
  };
}

function createMemoryRuns({ script }: Options, isRefusing: () => boolean) {
  const runs = new Map<string, { stop: AbortController; ended: Promise<void>; isRunning: boolean }>();
  const started: Parameters<SkillRuntime['startRun']>[0][] = [];
  const drafts = new Map<string, 'running' | 'ended'>();
  return {
    started: () => [...started],
    drafts: () => [...drafts.keys()],
    endDrafts() {
      for (const key of drafts.keys()) drafts.set(key, 'ended');
    },
    async startDraft(key) {
      if (isRefusing()) throw new TalosError('RUNTIME_UNAVAILABLE', 'The runtime was told to refuse.');
      if (!drafts.has(key)) drafts.set(key, 'running');
    },
    async draftState(key) {
      if (isRefusing()) throw new TalosError('RUNTIME_UNAVAILABLE', 'The runtime was told to refuse.');
      return drafts.get(key) ?? 'unknown';
    },
    async startRun(start) {
      if (isRefusing()) throw new TalosError('RUNTIME_UNAVAILABLE', 'The runtime was told to refuse.');
      if (runs.has(runId(start))) return;
      started.push(start);
      const stop = new AbortController();
      const run = { stop, isRunning: true, ended: script(start, stop.signal) };
      runs.set(runId(start), run);
      void run.ended.then(() => (run.isRunning = false));
    },
    async waitForRun(ref, signal) {
      const run = runs.get(runId(ref));
      if (run === undefined) throw new TalosError('NOT_FOUND', `There is no run ${runId(ref)}.`);
      const left = new Promise<false>((resolve) => {
        if (signal.aborted) resolve(false);
        signal.addEventListener('abort', () => resolve(false), { once: true });
      });
      return Promise.race([run.ended.then(() => true), left]);
    },
    async runState(ref) {
      if (isRefusing()) throw new TalosError('RUNTIME_UNAVAILABLE', 'The runtime was told to refuse.');
      const run = runs.get(runId(ref));
      if (run === undefined) return 'unknown';
      return run.isRunning ? 'running' : 'ended';
    },
    async cancelRun(ref) {
      const run = runs.get(runId(ref));
      if (run?.isRunning !== true) return false;
      run.stop.abort();
      return true;
    },
  } satisfies Partial<MemorySkillRuntime>;
}
