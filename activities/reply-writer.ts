import type { MessageRef, StreamEvent } from '../domain/chat.ts';
import { type TalosError, toTalosError } from '../domain/errors.ts';
import type { ConversationStore, TokenStream } from '../domain/ports.ts';

/** The first piece goes out at once, later ones are gathered this long: readers see no difference, the store does. */
const flushIntervalMs = 40;

/** How much of a reply a killed worker may lose from the draft; the live events have it anyway. */
const draftIntervalMs = 1000;

type Delta = Extract<StreamEvent, { text: string }>;

/**
 * Takes a reply piece by piece; `close` writes what is left and rejects if anything could not be written. `isWhole`: this is the answer,
 * also where it is empty.
 */
export type ReplyWriter = { write(delta: Delta): void; close(isWhole: boolean): Promise<void> };

/** Writes a reply as it comes: live events for readers, and the draft that survives. */
export function createReplyWriter(
  ref: MessageRef,
  deps: { tokens: TokenStream; conversations: ConversationStore; now(): number },
): ReplyWriter {
  let text = '';
  let savedLength = -1;
  let pending: Delta | undefined;
  let timer: NodeJS.Timeout | undefined;
  let failure: TalosError | undefined;
  let last = Promise.resolve();
  let draftDue = 0;

  function write(delta: Delta): void {
    if (failure !== undefined) throw failure;
    if (delta.type === 'text-delta') text += delta.text;
    if (pending !== undefined && pending.type !== delta.type) flush();
    pending = { type: delta.type, text: (pending?.text ?? '') + delta.text };
    if (timer === undefined) {
      flush();
      timer = setInterval(flush, flushIntervalMs);
    }
  }

  function flush(): void {
    if (pending === undefined) return;
    const event = pending;
    pending = undefined;
    const withDraft = deps.now() >= draftDue;
    if (withDraft) draftDue = deps.now() + draftIntervalMs;
    enqueue(async () => {
      await Promise.all([deps.tokens.append(ref, event), withDraft ? saveDraft() : undefined]);
    });
  }

  async function saveDraft(): Promise<void> {
    savedLength = text.length;
    await deps.conversations.saveDraft(ref, text);
  }

  function enqueue(work: () => Promise<void>): void {
    last = last.then(work).catch((error: unknown) => {
      failure ??= toTalosError(error);
    });
  }

  return {
    write,
    async close(isWhole) {
      clearInterval(timer);
      flush();
      // An attempt that broke off before a word leaves the draft of the one before.
      if ((isWhole || text.length > 0) && savedLength !== text.length) enqueue(saveDraft);
      await last;
      if (failure !== undefined) throw failure;
    },
  };
}
