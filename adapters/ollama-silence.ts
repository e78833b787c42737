/** A signal that aborts with `failure` once a wait lasts too long. `close` aborts it in any case. */
export function watchSilence(failure: Error): {
  readonly signal: AbortSignal;
  wait(limitMs: number): void;
  pause(): void;
  close(): void;
} {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const pause = () => clearTimeout(timer);
  return {
    signal: controller.signal,
    wait(limitMs) {
      pause();
      timer = setTimeout(() => controller.abort(failure), limitMs);
    },
    pause,
    close() {
      pause();
      controller.abort(failure);
    },
  };
}
