import type { ConversationId } from '../../domain/chat.ts';
import { type CriticalHit, recordHit } from '../../domain/lockdown/hold.ts';
import type { HoldStore } from '../../domain/ports.ts';

/** Hits and holds in memory. */
export function createMemoryHoldStore(): HoldStore {
  const hits = new Map<ConversationId, CriticalHit[]>();
  const holds = new Map<ConversationId, number>();
  return {
    heldUntil: async (conversation) => holds.get(conversation),

    async recordCriticalHit({ conversation, key }, at) {
      const { hits: latest, until } = recordHit(hits.get(conversation) ?? [], { key, at });
      hits.set(conversation, latest);
      if (until !== undefined) holds.set(conversation, Math.max(until, holds.get(conversation) ?? 0));
    },

    async release(conversation) {
      hits.delete(conversation);
      holds.delete(conversation);
    },
  };
}
