import type { ChildReply } from './protocol.ts';

/** What a child says to one order, for whoever reads at his own pace. */
export type ReplyQueue = {
  push(reply: ChildReply): void;
  fail(error: Error): void;
  /** The next reply, or the failure; rejects with the reason of the signal. */
  next(signal: AbortSignal): Promise<ChildReply>;
  /** Whether the last word has come in, read or not. */
  isOver(): boolean;
  whenOver(run: () => void): void;
};

const lastWords: readonly ChildReply['type'][] = ['finish', 'vectors', 'loaded', 'failed'];

/** A queue for one order. */
export function createReplyQueue(): ReplyQueue {
  const waiting: ChildReply[] = [];
  const listeners: (() => void)[] = [];
  let failure: Error | undefined;
  let over = false;
  let wake = (): void => undefined;

  function close(): void {
    over = true;
    for (const run of listeners.splice(0)) run();
  }

  return {
    push(reply) {
      waiting.push(reply);
      if (lastWords.includes(reply.type)) close();
      wake();
    },
    fail(error) {
      failure ??= error;
      close();
      wake();
    },
    async next(signal) {
      for (;;) {
        signal.throwIfAborted();
        const reply = waiting.shift();
        if (reply !== undefined) return reply;
        if (failure !== undefined) throw failure;
        await new Promise<void>((resolve) => {
          wake = () => {
            signal.removeEventListener('abort', wake);
            resolve();
          };
          signal.addEventListener('abort', wake);
        });
      }
    },
    isOver: () => over,
    whenOver(run) {
      if (over) run();
      else listeners.push(run);
    },
  };
}
