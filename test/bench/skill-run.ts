import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { TestHome } from '../support/home.ts';
import { approveSkill } from '../support/owner.ts';
import { type Figures, figures, round, sequential } from './figures.ts';

const samples = 60;

/** A run of an active skill from the request to its output, and the part of it beside the sandbox. */
export async function measureSkillRun(home: TestHome): Promise<{ run: Figures; beside: Figures }> {
  const folder = await mkdtemp(join(tmpdir(), 'talos-bench-'));
  await home.talos('skills', 'new', 'hello', '--path', folder);
  await home.talos('skills', 'submit', join(folder, 'hello'));
  await home.talos('skills', 'show', 'hello', '--follow');
  await approveSkill(home, 'hello');
  await rm(folder, { recursive: true });
  const headers = { authorization: await home.authorization(), 'content-type': 'application/json' };
  const body = JSON.stringify({ input: { text: 'good morning world' } });
  const inSandbox: number[] = [];
  const times = await sequential(samples, 5, async () => {
    const response = await fetch(`${home.url}/skills/hello/runs`, {
      method: 'POST',
      headers: { ...headers, 'idempotency-key': randomUUID() },
      body,
    });
    const { result } = (await response.json()) as { result: { resources: { wallMs: number } } };
    inSandbox.push(result.resources.wallMs);
  });
  const beside = times.map((time, index) => time - (inSandbox.slice(-samples)[index] ?? 0));
  return { run: figures(times), beside: figures(beside.map(round)) };
}
