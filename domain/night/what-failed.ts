import type { MessageRecord } from '../chat.ts';
import type { ConversationStore } from '../ports.ts';
import { versionsOf } from '../skills/change.ts';
import type { SkillLife } from '../skills/life.ts';
import type { Failures } from './report.ts';

/** Conversations that changed since, and of each the last messages, that are looked at. */
const mostConversations = 100;
const mostMessages = 100;

type MessageFailures = Pick<Failures, 'messages' | 'isWhole'>;

/** Counts the messages that failed since a moment by their error codes. */
export async function failedMessages(
  conversations: Pick<ConversationStore, 'conversations' | 'conversation'>,
  since: number,
): Promise<MessageFailures> {
  const newest = await conversations.conversations({ limit: mostConversations, offset: 0 });
  const changed = newest.filter(({ updatedAt }) => updatedAt >= since);
  const counts = new Map<string, number>();
  let isWhole = changed.length < mostConversations;
  for (const { id, messages } of changed) {
    const page = { limit: mostMessages, offset: Math.max(0, messages - mostMessages) };
    const records = (await conversations.conversation(id, page)) ?? [];
    isWhole &&= page.offset === 0 || (records[0]?.createdAt ?? since) < since;
    for (const record of records) {
      if (!hasFailed(record, since)) continue;
      const code = record.error?.code ?? 'INTERNAL';
      counts.set(code, (counts.get(code) ?? 0) + 1);
    }
  }
  return { messages: Object.fromEntries(counts), isWhole };
}

function hasFailed({ state, finishedAt = 0 }: MessageRecord, since: number): boolean {
  return state === 'failed' && finishedAt >= since;
}

/** The strikes of skills since a moment. */
export function strikesSince(lives: readonly SkillLife[], since: number): Failures['strikes'] {
  const struck = lives.flatMap((life) => {
    const strikes = versionsOf(life).flatMap((version) => version.strikes.filter(({ at }) => at >= since));
    if (strikes.length === 0) return [];
    const verdicts = [...new Set(strikes.map(({ verdict }) => verdict))].slice(0, 5);
    return [{ skill: life.id, count: strikes.length, isSecurity: strikes.some(({ security }) => security), verdicts }];
  });
  return struck.slice(0, 50);
}
