import type { MessageRef } from '../domain/chat.ts';
import type { ConversationStore } from '../domain/ports.ts';
import type { Settlement } from '../domain/settlement.ts';

/** The end of every message. */
export function createSettlingActivities(deps: { conversations: ConversationStore; now(): number }) {
  return {
    /** Ends the message with its draft as reply and tells everyone who listens; a second call changes nothing. */
    async settleMessage(ref: MessageRef, settlement: Settlement): Promise<void> {
      const { conversation, key } = ref;
      await deps.conversations.settle({ conversation, key }, settlement, deps.now());
    },

    /** Whether a message has ended, or is not known at all. */
    async isSettled(ref: MessageRef): Promise<boolean> {
      const record = await deps.conversations.message(ref);
      return record?.state !== 'pending';
    },
  };
}
