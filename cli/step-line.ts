import type { MessageId, StreamEvent } from '../domain/chat.ts';
import { plainText } from './plain-text.ts';

/** What happened on the way to an answer, in one line for whoever follows a message; undefined for every other event. */
export function stepLine(id: MessageId, event: StreamEvent): string | undefined {
  if (event.type === 'tool-end') return `· ${event.skill} ${endOf(event)}`;
  if (event.type === 'awaiting-cloud') {
    const what = `${event.kinds.join(', ')}: ${event.bytes} bytes to ${plainText(event.host)}`;
    return `· Gemini waits for your leave (${what}); give it: talos approvals approve ${id} cloud`;
  }
  if (event.type !== 'awaiting-approval') return undefined;
  const wants = plainText(event.asksFor.join(', '));
  return `· ${event.skill} waits for you, for it would ${wants}; allow it: talos approvals approve ${id} ${event.id}`;
}

function endOf({ verdict, ms }: Extract<StreamEvent, { type: 'tool-end' }>): string {
  if (verdict === 'ok') return `ran (${ms} ms)`;
  if (verdict === 'declined') return 'was not allowed to run';
  if (verdict === 'not-run') return 'could not run';
  return `failed: ${verdict} (${ms} ms)`;
}
