/** Tells one follower that there is something new to read. A wake-up that comes while it reads is not lost. */
export type Watch = {
  /** False once whoever wakes it has shut down: nothing will come any more. */
  readonly isOpen: boolean;
  wake(): void;
  /** Returns after a wake-up, at the latest after some seconds, and at once when the signal comes. */
  next(signal: AbortSignal): Promise<void>;
  close(): void;
};

/** A lost wake-up (half-open connection, server that hung) delays a follower this long and no longer. */
const longestSleepMs = 10_000;

/** Makes a watch; `release` runs once when it closes. */
export function createWatch(release: () => void): Watch {
  let isOpen = true;
  let due = false;
  let resume: (() => void) | undefined;
  return {
    get isOpen() {
      return isOpen;
    },
    wake() {
      due = true;
      resume?.();
    },
    async next(signal) {
      if (!due && isOpen && !signal.aborted) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(finish, longestSleepMs);
          signal.addEventListener('abort', finish, { once: true });
          resume = finish;
          function finish() {
            clearTimeout(timer);
            signal.removeEventListener('abort', finish);
            resume = undefined;
            resolve();
          }
        });
      }
      due = false;
    },
    close() {
      if (!isOpen) return;
      isOpen = false;
      resume?.();
      release();
    },
  };
}

/** Watches by topic. */
export type WatchBoard = {
  readonly size: number;
  add(topic: string): Watch;
  wake(topic: string): void;
  wakeAll(): void;
  closeAll(): void;
};

/** Keeps the open watches of a process by topic; a topic without watches takes no room. */
export function createWatchBoard(): WatchBoard {
  const topics = new Map<string, Set<Watch>>();

  function* all() {
    for (const watches of topics.values()) yield* watches;
  }

  return {
    get size() {
      return [...all()].length;
    },
    add(topic) {
      const watches = topics.get(topic) ?? new Set();
      topics.set(topic, watches);
      const watch = createWatch(() => {
        watches.delete(watch);
        if (watches.size === 0 && topics.get(topic) === watches) topics.delete(topic);
      });
      watches.add(watch);
      return watch;
    },
    wake(topic) {
      for (const watch of topics.get(topic) ?? []) watch.wake();
    },
    wakeAll() {
      for (const watch of all()) watch.wake();
    },
    closeAll() {
      for (const watch of all()) watch.close();
    },
  };
}
