import { messageId } from '../../domain/chat.ts';
import type { AwaitedCalls, SkillDrafts, ToolRounds } from '../../domain/skills/ports.ts';
import { newDraft, type SkillDraft } from '../../domain/skills/draft.ts';
import type { AwaitedCall } from '../../domain/skills/steps.ts';
import type { ToolRound } from '../../domain/skills/tool-rounds.ts';

/** What models asked of skills, in memory. */
export function createMemoryToolRounds(): ToolRounds {
  const kept = new Map<string, ToolRound[]>();
  return {
    async save(ref, place, round) {
      const rounds = kept.get(messageId(ref)) ?? [];
      rounds[place] = structuredClone(round);
      kept.set(messageId(ref), rounds);
    },
    list: async (ref) => [...(kept.get(messageId(ref)) ?? [])],
  };
}

/** Calls that wait for the owner, in memory. */
export function createMemoryAwaitedCalls(): AwaitedCalls {
  const kept = new Map<string, AwaitedCall>();
  const nameOf = ({ message, call }: Pick<AwaitedCall, 'message' | 'call'>): string => `${message}/${call}`;
  return {
    async add(call) {
      if (!kept.has(nameOf(call))) kept.set(nameOf(call), structuredClone(call));
    },
    remove: async (call) => void kept.delete(nameOf(call)),
    list: async () => [...kept.values()].toSorted((a, b) => a.askedAt - b.askedAt),
  };
}

/** Skills being written, in memory. */
export function createMemorySkillDrafts(): SkillDrafts {
  const kept = new Map<string, SkillDraft>();
  return {
    async begin(draft) {
      const known = kept.get(draft.key) ?? newDraft(draft);
      kept.set(draft.key, known);
      return structuredClone(known);
    },
    get: async (key) => structuredClone(kept.get(key)),
    save: async (draft) => void kept.set(draft.key, structuredClone(draft)),
  };
}
