import type { SkillRuns } from '../../domain/skills/ports.ts';
import { keptRuns, runId, type SkillRunRecord } from '../../domain/skills/run.ts';
import { follow } from '../follow.ts';
import { createWatchBoard } from '../watch.ts';

/** Runs of skills in memory; inputs and outputs stay. */
export function createMemorySkillRuns(): SkillRuns {
  const runs = new Map<string, SkillRunRecord>();
  const board = createWatchBoard();
  const ofSkill = (skill: string) => [...runs.values()].filter((run) => run.skill === skill);

  function forgetOldest(skill: string): void {
    const surplus = ofSkill(skill).length - keptRuns;
    if (surplus <= 0) return;
    const finished = ofSkill(skill).filter(({ state }) => state !== 'pending');
    for (const run of finished.slice(0, surplus)) runs.delete(runId(run));
  }

  return {
    async accept(run) {
      const record = runs.get(runId(run));
      if (record !== undefined && record.inputHash !== run.inputHash) return { kind: 'conflict' };
      if (record !== undefined) return { kind: 'existing', record };
      runs.set(runId(run), { ...structuredClone(run), state: 'pending' });
      forgetOldest(run.skill);
      return { kind: 'accepted' };
    },

    run: async (ref) => runs.get(runId(ref)),

    async settle(ref, result, output) {
      const record = runs.get(runId(ref));
      if (record?.state !== 'pending') return false;
      const given = output === undefined ? {} : { output: structuredClone(output) };
      runs.set(runId(ref), { ...record, ...given, state: result.state, result: structuredClone(result) });
      board.wake(runId(ref));
      return true;
    },

    async settled(ref, signal) {
      const watch = board.add(runId(ref));
      const read = async () => ({ items: [(runs.get(runId(ref))?.state ?? 'pending') !== 'pending'], more: false });
      for await (const isOver of follow({ watch, signal, read })) if (isOver) return;
    },

    async list(skill, { limit, offset, failedOnly }) {
      return ofSkill(skill)
        .filter(({ state }) => !failedOnly || state === 'failed')
        .toReversed()
        .slice(offset, offset + Math.max(0, limit))
        .map(({ input: _input, output: _output, ...summary }) => summary);
    },
  };
}
