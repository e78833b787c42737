/** A state others wait for, such as "connected". Shut at first. */
export type Gate = {
  readonly isOpen: boolean;
  open(): void;
  shut(): void;
  /** True once open; false when it stayed shut that long or the signal came first. */
  pass(options: { waitMs: number; signal?: AbortSignal }): Promise<boolean>;
};

/** Makes a gate. Any number may wait at it without a listener each. */
export function createGate(): Gate {
  const waiting = new Set<() => void>();
  let isOpen = false;
  return {
    get isOpen() {
      return isOpen;
    },
    open() {
      isOpen = true;
      for (const resume of waiting) resume();
    },
    shut() {
      isOpen = false;
    },
    async pass({ waitMs, signal }) {
      if (isOpen || signal?.aborted === true) return isOpen;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(finish, waitMs);
        waiting.add(finish);
        signal?.addEventListener('abort', finish, { once: true });
        function finish() {
          clearTimeout(timer);
          waiting.delete(finish);
          signal?.removeEventListener('abort', finish);
          resolve();
        }
      });
      return isOpen;
    },
  };
}
