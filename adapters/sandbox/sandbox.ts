import { TalosError } from '../../domain/errors.ts';
import type { Sandbox, SkillPowers } from '../../domain/skills/ports.ts';
import type { SandboxProof, SandboxReport, SandboxRequest } from '../../domain/sandbox/run.ts';
import type { BundleFiles } from '../../domain/skills/bundle.ts';
import type { Driver, DriverFacts } from './driver.ts';
import { judge } from './judge.ts';
import { type PoolOptions, WarmPool } from './pool.ts';
import type { ProofMemory } from './proof-memory.ts';
import { proveContainment } from './proof.ts';
import { sourcesOf } from './sources.ts';

/** All kinds together stay well below the containers a socket proxy lets live. */
const warm = { size: 2, mostWaiting: 8, lifeMs: 90_000 };

type SandboxOptions = Partial<Pick<PoolOptions, 'size' | 'lifeMs' | 'mostWaiting'>> & {
  /** Where it may be remembered that containment was shown; without it every process shows it anew. */
  readonly memory?: ProofMemory;
  /** The owner's limit of time; a skill may allow itself less. */
  readonly longestMs?: number;
};

/** A sandbox over a driver; it refuses to run anything before containment has been shown. */
export function createSandbox(driver: Driver, { memory, longestMs, ...options }: SandboxOptions = {}): Sandbox {
  const pool = new WarmPool({ ...warm, ...options, start: (kind) => driver.start(kind) });
  let facts: DriverFacts | undefined;
  let proof: Promise<SandboxProof> | undefined;
  let isProven = false;
  const closing = new AbortController();

  async function run(request: SandboxRequest, powers: SkillPowers, signal: AbortSignal): Promise<SandboxReport> {
    const startedAt = performance.now();
    if (signal.aborted) return refused(driver, 'cancelled', 'the run was cancelled');
    if (request.language === 'py' && facts?.hasPython === false) throw withoutPython(driver);
    let sources: BundleFiles;
    try {
      sources = await sourcesOf(request);
    } catch (error) {
      if (error instanceof TalosError) throw error;
      return refused(driver, 'exception', String(error));
    }
    const runtime = request.language === 'py' ? 'python' : 'node';
    const program = await pool.take({ runtime, memoryMiB: request.limits.memoryMiB }).catch(doubt);
    const waitedMs = performance.now() - startedAt;
    const ending = AbortSignal.any([signal, closing.signal]);
    const { resources, ...judgement } = await judge(program, { request, sources, powers, signal: ending });
    if (judgement.verdict === 'infrastructure') throw lost(driver, judgement.reason);
    return { ...judgement, resources: { ...resources, wallMs: waitedMs + resources.wallMs }, driver: driver.name };
  }

  /** What starts no longer is put to the test again before the next run: that says what is wrong and what mends it. */
  function doubt(thrown: unknown): never {
    proof = undefined;
    throw thrown;
  }

  async function prove(signal: AbortSignal): Promise<SandboxProof> {
    facts = await driver.prepare(signal);
    const remembered = await memory?.recall(driver.name, facts);
    const shown = remembered ?? (await showContainment(driver, { facts, run, signal }));
    isProven = true;
    if (remembered === undefined) await memory?.keep(shown, facts);
    return shown;
  }

  return {
    async prove(signal) {
      proof ??= prove(signal);
      try {
        return await proof;
      } catch (error) {
        proof = undefined; // what is missing may be put right
        isProven = false;
        throw error;
      }
    },

    async run(request, powers, signal) {
      if (!isProven) throw unproven(driver);
      return await run(atMost(longestMs, request), powers, signal);
    },

    async close() {
      closing.abort();
      isProven = false;
      await pool.close();
      await driver.close();
    },
  };
}

type Showing = { readonly facts: DriverFacts; readonly run: Sandbox['run']; readonly signal: AbortSignal };

async function showContainment({ name }: Driver, { facts, run, signal }: Showing): Promise<SandboxProof> {
  const { version, limits, hasPython } = facts;
  const contained = await proveContainment({ driver: name, hasPython, run }, signal);
  return { driver: name, version, limits, contained };
}

function atMost(longestMs: number | undefined, request: SandboxRequest): SandboxRequest {
  const { limits } = request;
  if (longestMs === undefined || limits.timeoutMs <= longestMs) return request;
  return { ...request, limits: { ...limits, timeoutMs: longestMs } };
}

function refused(driver: Driver, verdict: 'cancelled' | 'exception', reason: string): SandboxReport {
  return { verdict, reason, log: '', resources: { wallMs: 0 }, driver: driver.name };
}

function lost({ name }: Driver, reason = ''): TalosError {
  return new TalosError('SANDBOX_FAILED', `The ${name} sandbox broke during the run: ${reason}`);
}

function unproven({ name }: Driver): TalosError {
  const message = `The ${name} sandbox has not been put to the test, so nothing runs in it; run: ./talos doctor`;
  return new TalosError('SANDBOX_UNAVAILABLE', message, { details: { driver: name, fix: './talos doctor' } });
}

function withoutPython({ name }: Driver): TalosError {
  const fix = 'sudo apt-get install -y python3';
  const message = `The ${name} sandbox found no Python on this machine, so skills in Python cannot run; run: ${fix}`;
  return new TalosError('SANDBOX_UNAVAILABLE', message, { details: { driver: name, fix } });
}
