import { readdirSync, readFileSync } from 'node:fs';

import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { DeterminismViolationError } from '@temporalio/workflow';
import { Worker } from '@temporalio/worker';
import { beforeAll, describe, expect, it } from 'vitest';

import { buildBundle } from '../../workers/bundle.ts';

const folder = new URL('./histories/', import.meta.url);
const names = readdirSync(folder).filter((name) => name.endsWith('.json'));

type History = { events: Record<string, unknown>[] };

describe('recorded histories', () => {
  let codePath = '';
  beforeAll(async () => {
    codePath = await buildBundle();
  });

  async function replay(history: History, workflowId = 'message/c/k'): Promise<void> {
    await Worker.runReplayHistory({ workflowBundle: { codePath } }, historyFromJSON(history), workflowId);
  }

  it.each(names)('%s still replays', async (name) => {
    await replay(read(name));
  });

  it('cover every workflow there is', () => {
    const index = readFileSync(new URL('../../workflows/index.ts', import.meta.url), 'utf8');
    const workflows = [...index.matchAll(/export \{ (\w+) \}/g)].map(([, name]) => name);
    const recorded = names.map((name) => JSON.stringify(read(name).events[0]));
    const missing = workflows.filter((name) => !recorded.some((start) => start.includes(`{"name":"${name}"}`)));
    expect(workflows.length).toBeGreaterThan(0);
    expect(missing).toEqual([]);
  });

  it('cover every way a message ends', () => {
    expect(names).toEqual(
      expect.arrayContaining([
        'answered.json',
        'answered-after-consent.json',
        'answered-by-a-stand-in.json',
        'answered-by-the-cloud.json',
        'answered-with-leave.json',
        'failed-without-a-stand-in.json',
        'answered-with-a-draft.json',
        'answered-with-a-skill.json',
        'answered-after-its-predecessor.json',
        'answered-at-second-attempt.json',
        'blocked.json',
        'failed.json',
        'lockdown.json',
        'stopped-with-a-follower.json',
      ]),
    );
  });

  it('cover the states of a skill and the ways its runs end', () => {
    expect(names).toEqual(
      expect.arrayContaining([
        'night-revision-dropped.json',
        'night-revision-proposed.json',
        'skill-draft-submitted.json',
        'skill-life-begun-anew.json',
        'skill-life-in-use.json',
        'skill-life-measured-later.json',
        'skill-life-rejected.json',
        'skill-life-reverted.json',
        'skill-run-cancelled.json',
        'skill-run-failed.json',
        'skill-run-ok.json',
        'skill-run-without-sandbox.json',
      ]),
    );
  });

  it('cover every way a due run ends', () => {
    expect(names).toEqual(
      expect.arrayContaining(['skill-run-due-failed.json', 'skill-run-due-ran.json', 'skill-run-due-skipped.json']),
    );
  });

  it('cover every way a dream cycle ends', () => {
    expect(names).toEqual(
      expect.arrayContaining([
        'dream-cycle-cancelled.json',
        'dream-cycle-cut-short.json',
        'dream-cycle-failed.json',
        'dream-cycle-ran.json',
        'dream-cycle-skipped.json',
      ]),
    );
  });

  it('cover every way a pull of a model ends', () => {
    expect(names).toEqual(
      expect.arrayContaining([
        'model-autopull.json',
        'model-pull-done.json',
        'model-pull-failed.json',
        'model-pull-stopped.json',
      ]),
    );
  });

  it('of another workflow code do not: a changed activity is noticed', async () => {
    const history: History = JSON.parse(
      JSON.stringify(read('answered.json')).replaceAll('recallMemories', 'generateTwice'),
    ) as History;
    await expect(replay(history)).rejects.toThrow(DeterminismViolationError);
  });

  it('replay code that carries no schemas, which every single workflow would evaluate anew', () => {
    expect(readFileSync(codePath, 'utf8')).not.toContain('node_modules/zod');
  });

  it('hold no text, no secret and nothing large', () => {
    for (const name of names) {
      const json = readFileSync(new URL(name, folder), 'utf8');
      const decoded = json.replace(/"data":\s*"([^"]*)"/g, (_all, data: string) =>
        Buffer.from(data, 'base64').toString('utf8'),
      );
      expect(decoded).not.toMatch(/hello|instructions|break once|password/i);
      expect(decoded).not.toMatch(/node_modules|file:\/\//);
      expect(json.length).toBeLessThan(128 * 1024);
    }
  });
});

function read(name: string): History {
  return JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as History;
}
