import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { createBubblewrapDriver } from '../../adapters/sandbox/bubblewrap.ts';
import type { ProgramKind } from '../../adapters/sandbox/driver.ts';
import { judge } from '../../adapters/sandbox/judge.ts';
import { type SandboxProgram, waitUntilReady } from '../../adapters/sandbox/program.ts';
import { createSandbox } from '../../adapters/sandbox/sandbox.ts';
import { TalosError } from '../../domain/errors.ts';
import type { SkillPowers } from '../../domain/skills/ports.ts';
import type { SandboxRequest } from '../../domain/sandbox/run.ts';
import { type Figures, figures, round, sequential, throughput } from './figures.ts';

const samples = 40;
const warmUp = 5;
const windowRuns = 200;

/** What sandboxes cost, in ms, and how many runs a second they carry; each sandbox is for one run. */
export type SandboxFigures = {
  readonly bareNode: Figures;
  readonly cold: Figures;
  readonly warm: Figures;
  readonly coldPython: Figures;
  readonly warmPython: Figures;
  readonly nodeRuns: number;
  readonly pythonRuns: number;
};

const skills = {
  node: { language: 'js', files: { 'main.js': 'export default (input) => input;' }, entry: 'main.js' },
  python: { language: 'py', files: { 'main.py': 'def main(value):\n    return value\n' }, entry: 'main.py' },
} as const;
type Runtime = keyof typeof skills;

const powers: SkillPowers = {
  call: () => Promise.reject(new TalosError('PERMISSION_DENIED', 'A measured skill has no powers.')),
  egress: () => [],
};

function requestOf(runtime: Runtime): SandboxRequest {
  const limits = { timeoutMs: 10_000, memoryMiB: 128, outputBytes: 65_536 };
  return { runId: 'bench', ...skills[runtime], input: { a: 1 }, limits, until: 'first' };
}

/** Measures bubblewrap beside a bare Node that runs the same runner. `useCgroups` as of the driver. */
export async function measureSandbox(options: { useCgroups: boolean }): Promise<SandboxFigures> {
  const driver = createBubblewrapDriver(options);
  await driver.prepare(AbortSignal.timeout(60_000));
  const cold = (runtime: Runtime) => async (): Promise<void> => {
    const program = await driver.start({ runtime, memoryMiB: 128 });
    await answerOf(program, runtime);
  };
  const figuresOf = async (run: () => Promise<void>): Promise<Figures> =>
    figures(await sequential(samples, warmUp, run));
  const measured = {
    bareNode: await figuresOf(() => answerOf(startBareNode(), 'node')),
    cold: await figuresOf(cold('node')),
    coldPython: await figuresOf(cold('python')),
    warm: figures(await warmSamples((kind) => driver.start(kind), 'node')),
    warmPython: figures(await warmSamples((kind) => driver.start(kind), 'python')),
  };
  await driver.close();
  return { ...measured, nodeRuns: await rate('node', options), pythonRuns: await rate('python', options) };
}

/** Prints the figures as rows of a table. */
export function reportSandbox(name: string, measured: SandboxFigures): void {
  const { nodeRuns, pythonRuns, ...latencies } = measured;
  console.log(`\n| ${name} | p50 ms | p95 ms |\n|---|---|---|`);
  for (const [what, { p50, p95 }] of Object.entries(latencies)) console.log(`| ${what} | ${p50} | ${p95} |`);
  console.log(`\nruns a second: ${nodeRuns} in Node, ${pythonRuns} in Python`);
}

async function answerOf(program: SandboxProgram, runtime: Runtime): Promise<void> {
  await waitUntilReady(program);
  await giveWork(program, runtime);
}

async function giveWork(program: SandboxProgram, runtime: Runtime): Promise<void> {
  const request = requestOf(runtime);
  const { verdict } = await judge(program, {
    request,
    sources: request.files,
    powers,
    signal: AbortSignal.timeout(20_000),
  });
  if (verdict !== 'ok') throw new Error(`a measured run came to ${verdict}`);
}

/** From the request to the answer of a sandbox that stood ready, one at a time. */
async function warmSamples(start: (kind: ProgramKind) => Promise<SandboxProgram>, runtime: Runtime): Promise<number[]> {
  const times: number[] = [];
  for (let count = 0; count < samples; count += 1) {
    const program = await start({ runtime, memoryMiB: 128 });
    await waitUntilReady(program);
    const startedAt = performance.now();
    await giveWork(program, runtime);
    times.push(performance.now() - startedAt);
    await program.ended;
  }
  return times;
}

async function rate(runtime: Runtime, options: { useCgroups: boolean }): Promise<number> {
  const sandbox = createSandbox(createBubblewrapDriver(options));
  await sandbox.prove(AbortSignal.timeout(60_000));
  const run = async (): Promise<unknown> => await sandbox.run(requestOf(runtime), powers, AbortSignal.timeout(20_000));
  await run();
  const perSecond = await throughput(windowRuns, 4, run);
  await sandbox.close();
  return round(perSecond);
}

/** The same runner without a sandbox: what Node itself costs. */
function startBareNode(): SandboxProgram {
  const runner = fileURLToPath(new URL('../../adapters/sandbox/runner.cjs', import.meta.url));
  const child = spawn(process.execPath, ['--no-warnings', '--experimental-vm-modules', runner]);
  return {
    stdin: child.stdin,
    stdout: child.stdout,
    stderr: child.stderr,
    ended: once(child, 'close').then(() => ({ code: 0 })),
    kill: () => void child.kill('SIGKILL'),
  };
}
