import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { createMemoryAuditLog } from '../../adapters/memory/audit-log.ts';
import { createNightWork } from '../../adapters/night/work.ts';
import { connectRedis, type RedisConnections } from '../../adapters/redis.ts';
import { createSkillCatalog } from '../../adapters/skill-catalog.ts';
import { createVectorStore } from '../../adapters/vector-store.ts';
import { messageId } from '../../domain/chat.ts';
import { parseConfig } from '../../domain/config/parse.ts';
import { homePaths } from '../../domain/config/paths.ts';
import type { VectorStore } from '../../domain/ports.ts';
import { startTestEngines } from '../support/engines.ts';
import { round } from './figures.ts';

const memories = 100_000;
const logFiles = 10_000;
/** Pruning reads no vectors, so that their length weighs on filling alone. */
const dimension = 16;
const batch = 1000;
const dayMs = 24 * 3_600_000;

/** Seconds each phase took, and what it says it did. */
export type DreamFigures = Record<string, { readonly seconds: number; readonly counts: Record<string, number> }>;

/** Measures the phases of the night over full stores: 100,000 memories of messages that are all there, and 10,000 logs of two days ago. */
export async function measureDream(stack: { redis: string; chroma: string }): Promise<DreamFigures> {
  const home = await mkdtemp(join(tmpdir(), 'talos-dream-'));
  const config = parseConfig({ HOME: home, TALOS_HOME: home });
  const redis = connectRedis({ url: stack.redis });
  const vectors = createVectorStore({ url: stack.chroma });
  try {
    await fillMemory(vectors, redis);
    await fillLogs(homePaths(config).operations);
    const catalog = createSkillCatalog(redis);
    const work = createNightWork({ config, redis, vectors, catalog, audit: createMemoryAuditLog(), now: Date.now });
    const figures: DreamFigures = {};
    for (const [phase, run] of Object.entries(work)) {
      const startedAt = performance.now();
      const { counts } = await run({ signal: AbortSignal.timeout(600_000), tell: () => undefined });
      figures[phase] = { seconds: round((performance.now() - startedAt) / 1000), counts };
    }
    return figures;
  } finally {
    await redis.close();
    await rm(home, { recursive: true, force: true });
  }
}

/** Prints the figures as rows of a table. */
export function reportDream(figures: DreamFigures): void {
  console.log(
    `\n| dream phase, ${memories} memories of ${dimension} numbers, ${logFiles} logs | s | what |\n|---|---|---|`,
  );
  for (const [phase, { seconds, counts }] of Object.entries(figures)) {
    console.log(`| ${phase} | ${seconds} | ${JSON.stringify(counts)} |`);
  }
  const total = Object.values(figures).reduce((sum, { seconds }) => sum + seconds, 0);
  console.log(`\nall phases: ${round(total)} s`);
}

async function fillMemory(vectors: VectorStore, { keys, call }: RedisConnections): Promise<void> {
  const now = Date.now();
  for (let from = 0; from < memories; from += batch) {
    const refs = Array.from({ length: batch }, (_, at) => ({ conversation: `c${from / batch}`, key: `k${at}` }));
    const facts = ['state', 'answered', 'seq', '1', 'text', 'hello', 'finishedAt', String(now)];
    await call((c) => c.pipeline(refs.map((ref) => ['hset', keys.message(ref), ...facts])).exec());
    await vectors.upsert(
      'conversation_history',
      'bench',
      refs.map((ref) => {
        const at = now - Math.random() * 365 * dayMs;
        const metadata = {
          source: 'message',
          createdAt: at,
          lastAccess: at,
          accessCount: 1,
          priority: 'normal',
        } as const;
        return {
          id: messageId(ref),
          text: 'hello',
          vector: Array.from({ length: dimension }, () => Math.random() - 0.5),
          metadata,
        };
      }),
    );
  }
}

async function fillLogs(dir: string): Promise<void> {
  await mkdir(dir, { recursive: true });
  const at = (Date.now() - 2 * dayMs) / 1000;
  const date = new Date(at * 1000).toISOString().slice(0, 10);
  const text =
    `${JSON.stringify({ level: 'info', time: at, component: 'api', message: 'something happened' })}\n`.repeat(50);
  for (let number = 1; number <= logFiles; number += 1) {
    const path = join(dir, `api.${date}.${number}.log`);
    await writeFile(path, text);
    await utimes(path, at, at);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const engines = await startTestEngines();
  try {
    reportDream(await measureDream(engines.stack));
  } finally {
    await engines.stop();
  }
}
