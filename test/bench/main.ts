import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

import { createHome, type TestHome } from '../support/home.ts';
import { startBare } from './bare.ts';
import { measureFirstToken } from './first-token.ts';
import { measureRouting } from './routing.ts';
import { measureSkillRun } from './skill-run.ts';
import { type Figures, figures, round, sequential, throughput } from './figures.ts';

const samples = 100;

type Bare = Awaited<ReturnType<typeof startBare>>;

const home = await createHome({ CHAT_WAIT_SECONDS: '120' });
try {
  await home.talos('up', '--detach');
  await home.talos('down');
  const startMs = await timeStart(home);
  const idleMb = await idleMemory(home);
  const ollama = `http://127.0.0.1:${home.base + 7}`;
  const bare = await startBare(`127.0.0.1:${home.base + 3}`);
  const latency = await measureLatency(home, { ollama, bare });
  const rate = await measureThroughput(home, bare);
  await bare.close();
  report({ startMs, idleMb, latency, rate });
  await reportRouting();
  const { run, beside } = await measureSkillRun(home);
  console.log(`\n| skill run | p50 ms | p95 ms |\n|---|---|---|`);
  console.log(
    `| request to output | ${run.p50} | ${run.p95} |\n| beside the sandbox | ${beside.p50} | ${beside.p95} |`,
  );
} finally {
  await home.remove();
}

async function reportRouting(): Promise<void> {
  const routing = measureRouting();
  const { bare: alone, step } = await measureFirstToken(home);
  const own = { p50: round(step.p50 - alone.p50), p95: round(step.p95 - alone.p95) };
  console.log('\n| on the way to the model | p50 | p95 |\n|---|---|---|');
  console.log(`| route and prompt | ${routing.p50} µs | ${routing.p95} µs |`);
  console.log(`| Ollama alone, to its first text | ${alone.p50} ms | ${alone.p95} ms |`);
  console.log(`| the step that asks it, to the first text in the stream | ${step.p50} ms | ${step.p95} ms |`);
  console.log(`| the step minus Ollama | ${own.p50} ms | ${own.p95} ms |`);
}

async function timeStart(target: TestHome): Promise<number> {
  const startedAt = performance.now();
  await target.talos('up', '--detach');
  return round(performance.now() - startedAt);
}

/** Memory of the supervisor and the Talos processes it started, engines left out; pages they share count once (PSS). */
async function idleMemory(target: TestHome): Promise<number> {
  const { pid, children } = await target.status();
  const own = children.filter(({ name }) => name === 'api' || name === 'worker').map((child) => child.pid ?? 0);
  const kilobytes = [pid, ...own].map((id) =>
    Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${id}/smaps_rollup`, 'utf8'))?.[1]),
  );
  return round(kilobytes.reduce((sum, value) => sum + value, 0) / 1024);
}

async function measureLatency(target: TestHome, { ollama, bare }: { ollama: string; bare: Bare }) {
  const authorization = await target.authorization();
  await target.chat('hello'); // the first message brings the built-in models
  const conversation = () => `bench-${randomUUID().slice(0, 8)}`;
  const model = await sequential(samples, 10, () => ollamaCalls(ollama));
  const workflow = await sequential(samples, 10, () => bare.run(false));
  const pipeline = await sequential(samples, 10, () => target.chat('hello', { conversation: conversation() }));
  const health = await sequential(samples, 10, () => fetch(`${target.url}/health`, { headers: { authorization } }));
  return { model: figures(model), workflow: figures(workflow), pipeline: figures(pipeline), health: figures(health) };
}

/** The two calls a message makes before it is answered: embed the question, stream the answer. */
async function ollamaCalls(ollama: string): Promise<void> {
  const post = (path: string, body: unknown) =>
    fetch(`${ollama}${path}`, { method: 'POST', body: JSON.stringify(body) });
  await (await post('/api/embed', { model: 'talos-test-embed', input: ['hello'] })).json();
  const messages = [{ role: 'user', content: 'hello' }];
  await (await post('/api/chat', { model: 'talos-test', messages, think: false, options: { num_ctx: 8192 } })).text();
}

async function measureThroughput(target: TestHome, bare: Bare) {
  const rows: { inFlight: number; bare: number; pipeline: number }[] = [];
  for (const inFlight of [1, 8, 32]) {
    const total = inFlight === 1 ? 60 : 150;
    rows.push({
      inFlight,
      bare: await throughput(total, inFlight, () => bare.run(true)),
      pipeline: await throughput(total, inFlight, () => target.chat('hello', { conversation: randomUUID() })),
    });
  }
  return rows;
}

type Report = {
  startMs: number;
  idleMb: number;
  latency: Record<'model' | 'workflow' | 'pipeline' | 'health', Figures>;
  rate: { inFlight: number; bare: number; pipeline: number }[];
};

function report({ startMs, idleMb, latency, rate }: Report): void {
  const { model, workflow, pipeline, health } = latency;
  const own = { p50: round(pipeline.p50 - model.p50), p95: round(pipeline.p95 - model.p95) };
  console.log(
    `${cpus().length} cores, ${cpus()[0]?.model ?? 'unknown CPU'}, Node ${process.version}, ${samples} samples each\n`,
  );
  console.log('| what | p50 ms | p95 ms |\n|---|---|---|');
  console.log(`| bare Ollama calls (embed, chat) | ${model.p50} | ${model.p95} |`);
  console.log(`| bare workflow of the same shape | ${workflow.p50} | ${workflow.p95} |`);
  console.log(`| message pipeline, POST /chat to answer | ${pipeline.p50} | ${pipeline.p95} |`);
  console.log(`| pipeline minus Ollama | ${own.p50} | ${own.p95} |`);
  console.log(`| GET /health | ${health.p50} | ${health.p95} |`);
  console.log(`\npipeline minus Ollama is ${round(own.p50 / workflow.p50)} x the bare workflow (p50)\n`);
  console.log('| in flight | bare workflows/s | messages/s | share |\n|---|---|---|---|');
  for (const row of rate)
    console.log(
      `| ${row.inFlight} | ${row.bare} | ${row.pipeline} | ${Math.round((100 * row.pipeline) / row.bare)} % |`,
    );
  console.log(`\nstart to ready: ${startMs} ms; idle memory of Talos' own processes: ${idleMb} MB`);
}
