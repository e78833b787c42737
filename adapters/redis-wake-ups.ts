import type { Redis } from 'ioredis';

import { storeUnavailable } from './redis-errors.ts';
import { createGate } from './redis-gate.ts';
import { createWatchBoard, type Watch } from './watch.ts';

/** Wakes followers of streams. One channel serves them all, so nobody's subscription can be left behind. */
export type WakeUps = {
  /** How many follow at the moment. */
  readonly size: number;
  /** Resolves once every later growth of the stream wakes the watch; rejects with STORE_UNAVAILABLE. */
  watch(stream: string): Promise<Watch>;
  /** Ends every follower. */
  close(): void;
};

type Options = {
  readonly subscriber: Redis;
  readonly commands: Redis;
  readonly channel: string;
  readonly waitMs: number;
};

/** Subscribes at the first watch, and again after every loss of the connection; then everyone reads what they missed. */
export function createWakeUps({ subscriber, commands, channel, waitMs }: Options): WakeUps {
  const board = createWatchBoard();
  const subscribed = createGate();

  subscriber.on('ready', () => {
    subscriber.subscribe(channel).then(
      () => {
        subscribed.open();
        board.wakeAll();
      },
      () => subscriber.disconnect(true), // it connects anew and comes back here
    );
  });
  subscriber.on('close', () => subscribed.shut());
  subscriber.on('message', (_channel: string, stream: string) => board.wake(stream));
  commands.on('ready', () => board.wakeAll());

  return {
    get size() {
      return board.size;
    },
    async watch(stream) {
      if (subscriber.status === 'wait') {
        subscriber.connect().catch(() => undefined); // told by the error event, and it goes on trying
      }
      if (!(await subscribed.pass({ waitMs }))) throw storeUnavailable();
      return board.add(stream);
    },
    close() {
      board.closeAll();
    },
  };
}
