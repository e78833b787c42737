import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpus } from 'node:os';

import { createDockerDriver } from '../../adapters/sandbox/docker.ts';
import { createSandbox } from '../../adapters/sandbox/sandbox.ts';
import type { Sandbox } from '../../domain/skills/ports.ts';
import { sandboxImage } from '../../domain/sandbox/container.ts';
import type { SandboxRequest } from '../../domain/sandbox/run.ts';
import { type DockerSandboxes, startDockerSandboxes } from '../e2e/docker-sandboxes.ts';
import { type Figures, figures, sequential, throughput } from './figures.ts';

// Docker sandboxes through the socket proxy beside plain `docker run` and bare Node. Needs root: node test/bench/sandbox-docker.ts

const samples = 30;
const warmUp = 3;
const never = new AbortController().signal;
const noPowers = { call: () => Promise.resolve(null), egress: () => [] };
const request: SandboxRequest = {
  runId: 'bench',
  language: 'js',
  files: { 'main.js': 'export default (input) => input + 1;' },
  entry: 'main.js',
  input: 1,
  limits: { timeoutMs: 30_000, memoryMiB: 128, outputBytes: 65_536 },
  until: 'first',
};

const sandboxes = await startDockerSandboxes();
try {
  const cold = await proven(sandboxes, 0);
  const warm = await proven(sandboxes, 2);
  const rows: Readonly<Record<string, Figures>> = {
    'bare node': await measure(() => run(process.execPath, ['--eval', '0'])),
    'docker run, network none': await measure(() => dockerRun(sandboxes)),
    'Docker through the proxy, cold, to the answer': await measure(() => cold.run(request, noPowers, never)),
    'Docker through the proxy, cold, until it is gone': await measure(() =>
      cold.run({ ...request, until: 'whole' }, noPowers, never),
    ),
    'Docker through the proxy, warm, to the answer': await measure(() => warm.run(request, noPowers, never)),
  };
  await cold.close();
  const rate = await throughput(60, 4, () => warm.run(request, noPowers, never));
  await warm.close();
  report(rows, rate);
} finally {
  await sandboxes.stop();
}

async function proven({ proxyUrl }: DockerSandboxes, size: number): Promise<Sandbox> {
  const sandbox = createSandbox(createDockerDriver(proxyUrl), { size });
  await sandbox.prove(never);
  return sandbox;
}

async function measure(call: () => Promise<unknown>): Promise<Figures> {
  return figures(await sequential(samples, warmUp, call));
}

async function run(program: string, args: readonly string[], env = process.env): Promise<void> {
  const child = spawn(program, args, { env, stdio: 'ignore' });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`${program} ended with ${code}`);
}

function dockerRun({ daemon }: DockerSandboxes): Promise<void> {
  const options = ['--rm', '--network', 'none', '--entrypoint', '/usr/local/bin/node'];
  return run('docker', ['run', ...options, sandboxImage, '--eval', '0'], daemon.env);
}

function report(rows: Readonly<Record<string, Figures>>, rate: number): void {
  const { version } = process;
  console.log(
    `${cpus().length} cores, ${cpus()[0]?.model ?? 'unknown CPU'}, Node ${version}, ${samples} samples each\n`,
  );
  console.log('| what | p50 ms | p95 ms |\n|---|---|---|');
  for (const [what, { p50, p95 }] of Object.entries(rows)) console.log(`| ${what} | ${p50} | ${p95} |`);
  console.log(`\nsingle-use runs, 4 at once: ${rate} a second`);
}
